#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# SIGTERM: every client gets a close_notify, the gateway ends with 0.
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
