#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Binding requests from invented clients take no more relays, ports and neighbours than they may;
# beside them a session loses nothing and gets a relay, and new ones begin.
. "$(dirname "$0")/lib.sh"

up "control_socket: {path: control}
limits: {relays: 100, relay_timeout_s: 3, neighbours: 64}" \
	's/    port: 4433/&\n    srtp: [SRTP_AEAD_AES_128_GCM]\n    media: echo-v4/'
lab_run client "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --ca "$LAB_RUN/ca.pem" --host $V4 --port 4433 \
	--max 1000 --random 100000000 --window 2 --timeout 200
client=$LAB_PID
lab_await client "$client" ^up 20
lab_run caller "$LAB_CLIENT_NS" "$TOOLS/media_client" --ca "$LAB_RUN/ca.pem" --host $V4 \
	--port 4433 --source-port 40001 --profiles SRTP_AEAD_AES_128_GCM
caller=$LAB_PID
lab_await caller "$caller" holding 30
telemetry zero /dtlsgw/stats relays
mac=$(ip -n "$LAB_GATEWAY_NS" -o link show dtlsgw-out | sed 's/.*ether \([^ ]*\).*/\1/')
lab_run flood "$LAB_CLIENT_NS" python3 "$E2E/stun_flood.py" eth0 "$mac"
flood=$LAB_PID
lab_await flood "$flood" ready 10
# A quarter of the neighbours is left to sessions, and a quarter of the relays.
telemetry await /dtlsgw/relays no_route 20
telemetry await /dtlsgw/drops relay_full 1000
[ "$(telemetry get /dtlsgw/stats relays)" -le 75 ]
kill -USR1 "$caller"
lab_await caller "$caller" "again: echoed" 20 || fail "no relay for a flow with a session"
for host in $V4 $V6 $V4; do
	dtls_client "$host" 4433 --max 50
done
[ "$(telemetry get /dtlsgw/stats relays)" -le 76 ]
[ "$(telemetry get /dtlsgw/neighbours referenced)" -le 50 ]
[ "$(telemetry get /dtlsgw/neighbours full)" -eq 0 ]
kill "$flood"
wait "$flood" || true
telemetry zero /dtlsgw/stats relays
kill "$caller"
wait "$caller" || fail "media does not go on after the session"
telemetry zero /dtlsgw/stats relays
kill "$client"
wait "$client" || fail "the good session suffered"
cat "$LAB_RUN/client.log"
begun=$(telemetry get /dtlsgw/relays begun)
expect /dtlsgw/relays ended "$begun"
