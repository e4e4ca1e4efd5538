#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A client vanishes and a new one comes on the same addresses and ports: it gets in, and only then
# the old session ends.  A ClientHello without a cookie changes nothing.
. "$(dirname "$0")/lib.sh"

up
for address in $V4 $V6; do
	for _ in 1 2 3; do
		dtls_client "$address" 4433 --source-port 40000 --vanish
		expect /dtlsgw/stats sessions 1
	done
	dtls_client "$address" 4433 --source-port 40000
	telemetry await /dtlsgw/drops alert 1
	logged "replaced by a new handshake"
	in_client "$TOOLS/record_tool" --ca "$LAB_RUN/ca.pem" --host "$address" --port 4433 \
		--scenario hello --source-port 40000
done
expect /dtlsgw/stats installs 10
# One HelloVerifyRequest for each handshake and each ClientHello of the spoofer.
expect /dtlsgw/stats hello_verify 20
expect /dtlsgw/stats hello 10
