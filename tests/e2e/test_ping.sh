#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ARP, neighbour discovery and ping on both sides.
. "$(dirname "$0")/lib.sh"

up
for address in $V4 $V6; do
	in_client ping -q -c 5 -i 0.05 -W 20 "$address" | grep "5 received"
	in_client ping -q -c 2 -i 0.05 -W 20 -s 1400 "$address" | grep "2 received"
	in_client ip neigh show "$address" | grep lladdr
done
for address in 192.0.2.1 2001:db8:2::1; do
	ip netns exec "$LAB_BACKEND_NS" ping -q -c 5 -i 0.05 -W 20 $address | grep "5 received"
done
# Nobody else answers.
! in_client ping -q -c 1 -W 1 198.51.100.77 || fail "an address that is nobody's answers"
expect /dtlsgw/neighbours echoed 24
