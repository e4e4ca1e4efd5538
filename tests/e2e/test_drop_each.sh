#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Each of the first twelve datagrams, client's and server's counted together, is lost in turn.
. "$(dirname "$0")/lib.sh"

# drop_each CIPHER OPTION...: twelve clients at the same time, each through its own proxy.
drop_each() {
	local n proxies=() clients=()

	for n in {1..12}; do
		proxy "proxy-$1-$n" $((5000 + n)) --drop-any "$n"
		proxies+=("$LAB_PID")
		lab_run "client-$1-$n" "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host 127.0.0.1 \
			--port $((5000 + n)) --ca "$LAB_RUN/ca.pem" --cipher "$1" \
			--max 20 --lossy --quiet 1000 "${@:2}"
		clients+=("$LAB_PID")
	done
	for n in {1..12}; do
		wait "${clients[n - 1]}" || fail "$1, datagram $n lost: no echo"
		kill "${proxies[n - 1]}"
		wait "${proxies[n - 1]}"
		echo "$1, $n: $(grep -h -e ^up -e ^dropped "$LAB_RUN"/{proxy,client}-"$1-$n".log | xargs)"
		[ "$(grep -c ^dropped "$LAB_RUN/proxy-$1-$n.log")" -eq 1 ] ||
			fail "$1: not one datagram was dropped at $n"
		grep -qE "^echoed (20|19) of 20" "$LAB_RUN/client-$1-$n.log" ||
			fail "$1, datagram $n lost: more than it is missing"
	done
}

# A small MTU towards the clients, which is possible without IPv6: flights of many fragments.
up "" 's/, "2001:db8:1::1[^"]*"//; s/role: outside/&\n    mtu: 576/'
drop_each ECDHE-ECDSA-AES128-GCM-SHA256
drop_each ECDHE-RSA-AES256-GCM-SHA384 --mtu 400
expect /dtlsgw/stats installs 24
