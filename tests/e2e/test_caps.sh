#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Limits on handshakes, on their time and on sessions: what is over is refused and counted, and
# others get in as soon as there is room.  An address cannot have it all.
. "$(dirname "$0")/lib.sh"

listener=/dtlsgw/stats,listener=echo-v4

handshakes() {
	telemetry get $listener "handshakes_$1"
}

up "limits: {half_open: 2, half_open_per_address: 0, sessions: 3, sessions_per_address: 0,
  handshake_timeout_s: 10}"
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
balance() {
	local started ended

	started=$(handshakes started)
	ended=$(($(handshakes completed) + $(handshakes failed) + $(handshakes expired) +
		$(handshakes replaced)))
	[ "$started" -eq "$ended" ] || fail "$started handshakes started, $ended ended"
}
balance

# One address and its bounds; clients of another, here of IPv6, get in beside it.
gateway_end
configure "limits: {half_open: 8, half_open_per_address: 2, sessions: 8, sessions_per_address: 3,
  handshake_timeout_s: 10}"
lab_gateway "$DTLSGW"
mute=()
for port in 5002 5003; do
	proxy "proxy-$port" $port --last-client 2
	lab_run "mute-$port" "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host 127.0.0.1 --port $port \
		--ca "$LAB_RUN/ca.pem" --timeout 12
	mute+=("$LAB_PID")
done
expect /dtlsgw/handshakes half_open 2
lab_run waiting "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host $V4 --port 4433 \
	--ca "$LAB_RUN/ca.pem" --max 20 --timeout 60
waiting=$LAB_PID
telemetry await $listener handshakes_address_half_open 1
logged "refused: too many handshakes of its address under way"
dtls_client $V6 4433 --max 20 --timeout 60
[ "$(handshakes expired)" -eq 0 ] || fail "a handshake expired before another address came"
wait "$waiting"
telemetry await $listener handshakes_expired 2
for pid in "${mute[@]}"; do
	! wait "$pid" || fail "a handshake without answers was done"
done
telemetry zero /dtlsgw/stats handshakes
telemetry zero /dtlsgw/stats sessions

lab_run full "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host $V4 --port 4433 \
	--ca "$LAB_RUN/ca.pem" --connections 3 --max 20 --hold 300
full=$LAB_PID
lab_await full "$full" holding 20
! dtls_client $V4 4433 --max 20 --timeout 3 || fail "a fourth session of an address"
[ "$(handshakes address_sessions)" -ge 1 ] || fail "the fourth session was not counted"
logged "refused: too many sessions of its address"
dtls_client $V6 4433 --max 20 --timeout 60
kill "$full"
wait "$full"
telemetry zero /dtlsgw/stats sessions
dtls_client $V4 4433 --max 20 --timeout 60
telemetry zero /dtlsgw/stats handshakes
telemetry zero /dtlsgw/stats sessions
[ "$(handshakes refused)" -eq 0 ] || fail "refused for want of something else"
balance
