#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Limits on handshakes, on their time and on sessions: what is over is refused and counted, and
# others get in as soon as there is room.
. "$(dirname "$0")/lib.sh"

listener=/dtlsgw/stats,listener=echo-v4

handshakes() {
	telemetry get $listener "handshakes_$1"
}

up "limits: {half_open: 2, sessions: 3, handshake_timeout_s: 10}"
# Two clients that are heard no more after their good cookie.
for port in 5000 5001; do
	proxy "proxy-$port" $port --last-client 2
	lab_run "mute-$port" "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host 127.0.0.1 --port $port \
		--ca "$LAB_RUN/ca.pem" --timeout 60
done
expect /dtlsgw/stats handshakes 2
dtls_client $V4 4433 --max 20 --timeout 60 # repeats its ClientHello until there is room
[ "$(drops half_open)" -ge 1 ] || fail "the third handshake was not refused"
[ "$(handshakes expired)" -ge 1 ] || fail "no handshake expired"
telemetry await $listener handshakes_expired 2
logged "failed: not finished in time"
telemetry zero /dtlsgw/stats handshakes
telemetry zero /dtlsgw/stats sessions

lab_run holder "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host $V4 --port 4433 \
	--ca "$LAB_RUN/ca.pem" --connections 2 --max 20 --hold 300
holder=$LAB_PID
lab_await holder "$holder" holding 20
lab_run third "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host $V4 --port 4433 \
	--ca "$LAB_RUN/ca.pem" --max 20 --hold 300
third=$LAB_PID
lab_await third "$third" holding 20
expect /dtlsgw/stats sessions 3
! dtls_client $V4 4433 --max 20 --timeout 60 || fail "a fourth session"
logged "failed: too many sessions"
[ "$(handshakes failed)" -ge 1 ] || fail "the fourth session was not counted"
kill "$third"
wait "$third"
for _ in {1..100}; do
	[ "$(telemetry get /dtlsgw/sessions sessions)" -gt 2 ] || break
	sleep 0.1
done
dtls_client $V4 4433 --max 20 --timeout 60
kill "$holder"
wait "$holder"
telemetry zero /dtlsgw/stats handshakes
telemetry zero /dtlsgw/stats sessions
telemetry zero /dtlsgw/sessions sessions
started=$(handshakes started)
ended=$(($(handshakes completed) + $(handshakes failed) + $(handshakes expired) +
	$(handshakes replaced)))
[ "$started" -eq "$ended" ] || fail "$started handshakes started, $ended ended"
