#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ClientHellos of more than a datagram, as post-quantum key shares make them: in fragments of the
# handshake, in order and not, on ten lossy ways, and in UDP datagrams that IP cuts.
. "$(dirname "$0")/lib.sh"

SHARE=1216    # bytes of a key share of X25519MLKEM768
SHARES=2784   # with one of ML-KEM-1024 beside it

# large NAME HOST PORT BYTES MTU OPTION...: one client.
large() {
	dtls_client "$2" "$3" --max 40 --extension "$4" --mtu "$5" "${@:6}" >"$LAB_RUN/$1.out" ||
		{ cat "$LAB_RUN/$1.out" && fail "$1: no echo"; }
	installed=$((installed + 1))
	[[ $* != *--resume* ]] || installed=$((installed + 1))
	expect /dtlsgw/stats installs $installed
	echo "$1: $4 bytes more, datagrams of at most $5"
}

# lossy NAME PROXY-OPTION...: ten clients at the same time, each through a proxy with its own seed.
lossy() {
	local seed clients=() proxies=()

	for seed in {1..10}; do
		proxy "proxy-$1-$seed" $((5000 + seed)) --seed "$seed" "${@:2}"
		proxies+=("$LAB_PID")
		lab_run "client-$1-$seed" "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host 127.0.0.1 \
			--port $((5000 + seed)) --ca "$LAB_RUN/ca.pem" --max 20 --lossy \
			--quiet 300 --timeout 100 --extension $SHARES --mtu 1280
		clients+=("$LAB_PID")
	done
	for seed in {1..10}; do
		wait "${clients[seed - 1]}" || fail "$1, seed $seed"
	done
	kill "${proxies[@]}"
	wait "${proxies[@]}"
	installed=$((installed + 10))
	expect /dtlsgw/stats installs $installed
	echo "$1: ten seeds"
}

installed=0
up "limits: {retransmit_ms: 300}"
large ipv4 $V4 4433 $SHARE 1280
large ipv6 $V6 4433 $SHARE 1280
large small $V4 4433 $SHARES 300
large rsa $V4 4434 $SHARES 1500 --cipher ECDHE-RSA-AES256-GCM-SHA384
large psk $V4 5684 $SHARE 576 --cipher PSK-AES128-GCM-SHA256 --identity client-1 \
	--psk 00112233445566778899aabbccddeeff
large resumed $V4 4433 $SHARE 1280 --resume ticket
# One UDP datagram for each of two ClientHellos, in three IP fragments.  Over IPv6, because with
# IPv4 the kernel puts fragments together for an AF_PACKET port.
reassembled=$(telemetry get /dtlsgw/stats reassembled)
large fragments $V6 4433 $SHARES 4000
expect /dtlsgw/stats reassembled $((reassembled + 2))
lossy swapped --reorder 50
lossy harmed --loss 10 --duplicate 10 --reorder 10
