#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# SIGTERM: every client gets a close_notify, the gateway ends with 0; also when it comes in the
# start, or again and again until the end.  SIGHUP ends nothing, whenever it comes.
. "$(dirname "$0")/lib.sh"

up
lab_run client "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host $V4 --port 4433 \
	--ca "$LAB_RUN/ca.pem" --connections 40 --hold 20
client=$LAB_PID
lab_await client "$client" holding 20
expect /dtlsgw/stats sessions 40
telemetry sum
gateway_stop
wait "$client"
[ "$(grep -c "by close_notify" "$LAB_RUN/client.log")" -eq 40 ]

# start NAME: a gateway whose first line stands there, long before it runs.
start() {
	lab_run "$1" "$LAB_GATEWAY_NS" "$DTLSGW" -c "$LAB_RUN/lab.yaml"
	LAB_GATEWAY=$LAB_PID
	until [ -s "$LAB_RUN/$1.log" ]; do
		kill -0 "$LAB_GATEWAY"
		sleep 0.01
	done
	! grep -q "dtlsgw .* runs" "$LAB_RUN/$1.log" ||
		fail "the signal comes too late for this test"
}

start early
gateway_stop
grep -q "dtlsgw stops" "$LAB_RUN/early.log" || fail "it did not end in order"

configure "control_socket: {path: control.sock}
resumption: {cache: 16, ticket_keys: ticket.keys, state_file: resumption.state}"
(umask 077 && openssl rand -hex 80 >"$LAB_RUN/ticket.keys")
start reloaded
kill -HUP "$LAB_GATEWAY"
lab_await reloaded "$LAB_GATEWAY" "dtlsgw .* runs" 30 || fail "SIGHUP in the start ended it"
lab_await reloaded "$LAB_GATEWAY" "1 ticket keys" 5 || fail "SIGHUP in the start was lost"
[ -S "$LAB_RUN/control.sock" ]
# The last of these come while it ends.
for ((n = 0; n < 5000; n++)); do
	{ kill -TERM "$LAB_GATEWAY" && kill -HUP "$LAB_GATEWAY"; } 2>/dev/null || break
	sleep 0.001
done
status=0
wait "$LAB_GATEWAY" || status=$?
LAB_GATEWAY=
[ $status -eq 0 ] || fail "a signal while it ended gave status $status"
[ -f "$LAB_RUN/resumption.state" ]
[ ! -e "$LAB_RUN/control.sock" ] || fail "the control socket is still there"
