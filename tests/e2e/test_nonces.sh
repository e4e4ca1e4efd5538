#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every way in which a session is taken over from OpenSSL, with every cipher: an oracle with the
# keys finds no nonce in the capture that was used twice.
. "$(dirname "$0")/lib.sh"

SUITES=(
	ECDHE-ECDSA-AES128-GCM-SHA256
	ECDHE-RSA-AES256-GCM-SHA384
	ECDHE-ECDSA-CHACHA20-POLY1305
	ECDHE-ECDSA-AES128-CCM
	ECDHE-ECDSA-AES256-CCM
	ECDHE-ECDSA-AES128-CCM8
	DHE-RSA-AES256-CCM8
	PSK-AES128-CCM8
	DHE-PSK-AES256-GCM-SHA384
	ECDHE-PSK-CHACHA20-POLY1305
)

# on_all TOOL OPTION...: the tool once for every suite at the same time, all must succeed.  Of the
# options @P stands for a number that goes with the suite.
on_all() {
	local suite i=0 port name pids=()

	for suite in "${SUITES[@]}"; do
		i=$((i + 1))
		port=4433
		[[ $suite != *PSK* ]] || port=5684
		name=$suite-$SCENARIO
		[ -z "${PROXIED-}" ] || port=$((5000 + i))
		lab_run "$name" "$LAB_CLIENT_NS" "$TOOLS/$1" --ca "$LAB_RUN/ca.pem" --port $port \
			--host "${PROXIED:-$V4}" --cipher "$suite" --identity client-1 \
			--psk 00112233445566778899aabbccddeeff \
			--keylog "$LAB_RUN/client.keylog" "${@:2}" \
			${SOURCE_PORT:+--source-port $((SOURCE_PORT + i))}
		pids+=("$LAB_PID")
	done
	i=0
	for suite in "${SUITES[@]}"; do
		wait "${pids[i]}" || fail "$SCENARIO, $suite"
		i=$((i + 1))
	done
	echo "$SCENARIO: ${#SUITES[@]} suites"
}

# proxied OPTION...: the next on_all goes through a proxy of its own for every suite.
proxied() {
	local suite i=0 port

	PROXIED=127.0.0.1 PROXIES=()
	for suite in "${SUITES[@]}"; do
		i=$((i + 1))
		port=4433
		[[ $suite != *PSK* ]] || port=5684
		lab_run "proxy-$i" "$LAB_CLIENT_NS" "$TOOLS/udp_proxy" --listen 127.0.0.1 \
			--listen-port $((5000 + i)) --host $V4 --port $port "$@"
		PROXIES+=("$LAB_PID")
		lab_await "proxy-$i" "$LAB_PID" ready 20
	done
}

direct() {
	kill "${PROXIES[@]}"
	wait "${PROXIES[@]}"
	PROXIED=
}

# count KEY: of both listeners.
count() {
	echo $(($(telemetry get /dtlsgw/stats,listener=echo-v4 "handshakes_$1") +
		$(telemetry get /dtlsgw/stats,listener=coaps "handshakes_$1")))
}

up "limits: {retransmit_ms: 200}" "s/port: 4433/&\n    suites: $CERTIFICATE_SUITES/
s/port: 5684/&\n    suites: $PSK_SUITES/"
capture wire "$LAB_CLIENT_NS" "udp port 4433 or udp port 5684"

SCENARIO=ticket
on_all dtls_client --resume ticket --max 40
SCENARIO=id
on_all dtls_client --resume id --max 40
[ "$(count resumed)" -eq $((2 * ${#SUITES[@]})) ] || fail "$(count resumed) sessions were resumed"

# The last flight is lost and sent again, with a ticket in it and without.
for SCENARIO in ticket-lost id-lost; do
	before=$(count resent_flights)
	proxied --drop-last-flight
	on_all dtls_client --resume "${SCENARIO%-lost}" --max 40
	direct
	[ $(($(count resent_flights) - before)) -ge ${#SUITES[@]} ] ||
		fail "$SCENARIO: none was lost"
done

# Data overtakes the client's Finished of a resumed handshake and is held until there is a session.
SCENARIO=early
before=$(count early_held)
proxied --reorder 50 --seed 3
on_all dtls_client --resume id --max 40 --lossy --quiet 300
direct
[ "$(count early_held)" -gt "$before" ] || fail "no data came early"

# The same port again, without a farewell (RFC 6347 section 4.2.8).
SCENARIO=restart
SOURCE_PORT=40000
for _ in 1 2 3; do
	on_all dtls_client --vanish --max 40
done
SOURCE_PORT=
logged "replaced by a new handshake"

SCENARIO=renegotiate
on_all record_tool --scenario renegotiate
SCENARIO=finished
before=$(count resent_flights)
on_all record_tool --scenario finished
[ $(($(count resent_flights) - before)) -eq $((3 * ${#SUITES[@]})) ] || fail "flights sent again"

capture_end
for port in 4433 5684; do
	"$TOOLS/nonce_oracle" --capture "$LAB_RUN/wire.pcap" --keylog "$LAB_RUN/client.keylog" \
		--port $port
done
