#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# SIGTERM: every client gets a close_notify, the gateway ends with 0; also when it comes in the start.
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

# The first line stands there long before the gateway runs.
lab_run early "$LAB_GATEWAY_NS" "$DTLSGW" -c "$LAB_RUN/lab.yaml"
LAB_GATEWAY=$LAB_PID
until [ -s "$LAB_RUN/early.log" ]; do
	kill -0 "$LAB_GATEWAY"
	sleep 0.01
done
! grep -q "dtlsgw .* runs" "$LAB_RUN/early.log" || fail "the signal comes too late for this test"
gateway_stop
grep -q "dtlsgw stops" "$LAB_RUN/early.log" || fail "it did not end in order"
