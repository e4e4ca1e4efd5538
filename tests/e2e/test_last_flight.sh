#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The server's last flight is lost once: the client repeats its Finished, the gateway its flight.
# No nonce is used twice on the way.
. "$(dirname "$0")/lib.sh"

up
capture wire "$LAB_CLIENT_NS" "udp port 4433"
for cipher in ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384; do
	proxy "proxy-$cipher" 5000 --drop-last-flight
	dtls_client 127.0.0.1 5000 --max 200 --cipher $cipher --keylog "$LAB_RUN/client.keylog"
	kill "$LAB_PID"
	wait "$LAB_PID"
	grep -q "^dropped server datagram" "$LAB_RUN/proxy-$cipher.log"
done
# A client on a busy machine asks again: after 1, 3, 7 and 15 s, before its 30 s are over.
resent=$(telemetry get "/dtlsgw/stats,listener=echo-v4" handshakes_resent_flights)
[ "$resent" -ge 2 ] && [ "$resent" -le 8 ] || fail "$resent flights were sent again"
expect "/dtlsgw/stats,listener=echo-v4" handshakes_started 2
capture_end
"$TOOLS/nonce_oracle" --capture "$LAB_RUN/wire.pcap" --keylog "$LAB_RUN/client.keylog"
