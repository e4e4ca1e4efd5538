#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Each datagram of an association's life, client's and server's counted together, is lost in turn:
# of full and resumed handshakes, and of one that begins anew on the port of a live session.
. "$(dirname "$0")/lib.sh"

MISSING=1 # of what a client has sent
PSK=(--identity client-1 --psk 00112233445566778899aabbccddeeff)

# drop_each NAME PORT DATAGRAMS OPTION...: as many clients at the same time, each through its own
# proxy, which loses another datagram.
drop_each() {
	local n proxies=() clients=() name=$1

	for ((n = 1; n <= $3; n++)); do
		lab_run "proxy-$name-$n" "$LAB_CLIENT_NS" "$TOOLS/udp_proxy" --listen 127.0.0.1 \
			--listen-port $((5000 + n)) --host $V4 --port "$2" --drop-any "$n"
		proxies+=("$LAB_PID")
		lab_await "proxy-$name-$n" "$LAB_PID" ready 20
		set_client "$name" "$n" "${@:4}"
		lab_run "client-$name-$n" "$LAB_CLIENT_NS" "${CLIENT[@]}"
		clients+=("$LAB_PID")
	done
	for ((n = 1; n <= $3; n++)); do
		wait "${clients[n - 1]}" || fail "$name, datagram $n lost: no echo"
		kill "${proxies[n - 1]}"
		wait "${proxies[n - 1]}"
		[ "$(grep -c ^dropped "$LAB_RUN/proxy-$name-$n.log")" -eq 1 ] ||
			fail "$name: not one datagram was dropped at $n"
		awk -v missing=$MISSING \
			'/^echoed/ { n++; if ($4 - $2 > missing) n = -9 } END { exit n < 1 }' \
			"$LAB_RUN/client-$name-$n.log" ||
			fail "$name, datagram $n lost: more than it is missing"
	done
	echo "$name: each of $3 datagrams"
}

# set_client NAME N OPTION...: sets CLIENT to its command.
set_client() {
	CLIENT=("$TOOLS/dtls_client" --host 127.0.0.1 --port $((5000 + $2)) --ca "$LAB_RUN/ca.pem"
		--lossy --quiet 1500 "${@:3}")
	[[ $1 != again* ]] || CLIENT+=(--source-port $((20000 + $2)) --vanish)
	# Two clients, one after the other, on one port.
	# shellcheck disable=SC2016 # the inner shell expands
	[[ $1 != restart* ]] ||
		CLIENT=(sh -c '"$@" --vanish && "$@"' - "${CLIENT[@]}"
			--source-port $((20000 + $2)))
}

# A small MTU towards the clients, which is possible without IPv6: flights of many fragments.
up "limits: {retransmit_ms: 300}" \
	's/, "2001:db8:1::1[^"]*"//; s/role: outside/&\n    mtu: 576/'
drop_each ecdsa 4433 12 --cipher ECDHE-ECDSA-AES128-GCM-SHA256 --max 20
drop_each rsa 4433 12 --cipher ECDHE-RSA-AES256-GCM-SHA384 --max 20 --mtu 400
drop_each psk 5684 10 --cipher PSK-AES128-CCM --max 20 "${PSK[@]}"
drop_each dhe-psk 5684 12 --cipher DHE-PSK-AES256-GCM-SHA384 --max 20 "${PSK[@]}"
expect /dtlsgw/stats installs 46
# A ClientHello in three fragments, sent with and without cookie.
drop_each large 4433 16 --cipher ECDHE-ECDSA-AES128-GCM-SHA256 --max 20 --extension 1300 --mtu 576
expect /dtlsgw/stats installs 62
# Two records each way on an association, so that the next handshake comes soon.
drop_each ticket 4433 22 --cipher ECDHE-ECDSA-CHACHA20-POLY1305 --max 2 --resume ticket
drop_each id 4433 22 --cipher ECDHE-ECDSA-AES128-CCM --max 2 --resume id
drop_each psk-ticket 5684 20 --cipher PSK-AES128-GCM-SHA256 --max 2 --resume ticket "${PSK[@]}"
drop_each psk-id 5684 20 --cipher ECDHE-PSK-CHACHA20-POLY1305 --max 2 --resume id "${PSK[@]}"
expect /dtlsgw/stats installs $((62 + 2 * 84))
resumed=$(($(telemetry get /dtlsgw/stats,listener=echo-v4 handshakes_resumed) +
	$(telemetry get /dtlsgw/stats,listener=coaps handshakes_resumed)))
[ $resumed -eq 84 ] || fail "$resumed sessions were resumed, not 84"
# RFC 6347 section 4.2.8: the client has vanished and comes again, with nothing or with its session.
drop_each restart 4433 20 --cipher ECDHE-ECDSA-AES128-GCM-SHA256 --max 2
drop_each restart-psk 5684 18 --cipher PSK-AES128-CCM --max 2 "${PSK[@]}"
# What the client sends behind its Finished is lost as well where its old session lives (decision
# 0005).
MISSING=2
drop_each again-ticket 4433 17 --cipher ECDHE-RSA-AES128-GCM-SHA256 --max 3 --resume ticket \
	--window 1
drop_each again-id 4433 17 --cipher ECDHE-ECDSA-AES128-CCM --max 3 --resume id --window 1
expect /dtlsgw/stats installs $((62 + 2 * 84 + 2 * 72))
logged "replaced by a new handshake"
