#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# CoAP over DTLS with a pre-shared key: libcoap's coap-client, on GnuTLS and on OpenSSL, through to
# its coap-server.  Small and blockwise requests, and notifications that the server begins.
. "$(dirname "$0")/lib.sh"

# As text in lab.psk, because coap-client takes no others.
IDENTITY=coap-1
KEY=secret-of-coap-1

# coap LIBRARY HOST[:PORT] PATH OPTION...: what the request brings, in a session of its own.
coap() {
	requests=$((requests + 1)) tries=$((tries + 1))
	in_client "coap-client-$1" -u "$IDENTITY" -k "$KEY" -B 20 "${@:4}" "coaps://$2/$3"
}

# observe LIBRARY HOST NAME: until three notifications have come, of which the server sends one a
# second; longer on a machine that is busy.
observe() {
	local seconds

	for seconds in 3 6 12 24; do
		coap "$1" "$2" time -s $seconds >"$LAB_RUN/$3.out" 2>&1
		[ "$(grep -o "[0-9:]\{8\}" "$LAB_RUN/$3.out" | sort -u | wc -l)" -lt 3 ] || return 0
		requests=$((requests - 1))
	done
	fail "$3: no notifications"
}

# requests LIBRARY HOST
requests() {
	local name=$1-$2

	coap "$1" "$2" "" >"$LAB_RUN/$name.out" 2>&1
	grep -q "test server made with libcoap" "$LAB_RUN/$name.out" || fail "$name: GET /"
	coap "$1" "$2" .well-known/core >"$LAB_RUN/$name.out" 2>&1
	grep -q "</example_data>" "$LAB_RUN/$name.out" || fail "$name: GET /.well-known/core"
	coap "$1" "$2" "$name" -m put -b 1024 -f "$LAB_RUN/body"
	coap "$1" "$2" "$name" -b 512 -o "$LAB_RUN/$name.body"
	cmp "$LAB_RUN/body" "$LAB_RUN/$name.body" || fail "$name: the body came back changed"
	coap "$1" "$2" "$name" -m delete
	coap "$1" "$2" "$name" >"$LAB_RUN/$name.out" 2>&1
	grep -q "4.04" "$LAB_RUN/$name.out" || fail "$name: it was not deleted"
	observe "$1" "$2" "$name-time"
	echo "$name: GET, PUT and GET of $(wc -c <"$LAB_RUN/body") bytes, DELETE, observe"
}

requests=0 tries=0 # those that brought what they should, and all
# lab.yaml ends with its backends.
up "  - {name: coap-v4, address: 192.0.2.2, port: 5683}" \
	"/name: coaps/,/backend:/s/backend: .*/backend: coap-v4/"
lab_run server "$LAB_BACKEND_NS" coap-server-notls -d 10 -v 5
for _ in {1..100}; do # it says nothing when it is ready
	[ -z "$(ip netns exec "$LAB_BACKEND_NS" ss -Hlun "sport = 5683")" ] || break
	kill -0 "$LAB_PID"
	sleep 0.1
done
head -c 20000 /dev/urandom | base64 >"$LAB_RUN/body"
for library in gnutls openssl; do
	requests $library 198.51.100.1
	requests $library "[2001:db8:1::1]"
done
telemetry zero /dtlsgw/stats sessions
# Each that brought what it should had a session; tries on a busy machine may have had some too.
completed=$(telemetry get /dtlsgw/stats,listener=coaps handshakes_completed)
[ "$completed" -ge $requests ] && [ "$completed" -le $tries ] ||
	fail "$completed sessions, not $requests to $tries"

# A wrong key: nothing gets through.
opened=$(telemetry get /dtlsgw/stats opened)
KEY=secret-of-coap-2
coap openssl 198.51.100.1 time -B 3 >"$LAB_RUN/wrong.out" 2>&1 || true
! grep -q "[0-9:]\{8\}$" "$LAB_RUN/wrong.out" || fail "a wrong key is good"
expect /dtlsgw/stats opened "$opened"
expect /dtlsgw/stats,listener=coaps handshakes_completed "$completed"
