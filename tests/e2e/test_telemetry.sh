#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What an operator reads: every telemetry command, and the lines of the log.
. "$(dirname "$0")/lib.sh"

up
logged "main: listener echo-v4: $V4:4433 to backend echo-v4"
logged "main: listener echo-v6: \\[$V6\\]:4434 to backend echo-v6"
logged "main: dtlsgw [0-9.]+ runs, 1 data-plane lcores"
lab_run client "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host $V4 --port 4433 --source-port 40001 \
	--ca "$LAB_RUN/ca.pem" --cipher ECDHE-RSA-AES256-GCM-SHA384 --max 20 --hold 300
client=$LAB_PID
lab_await client "$client" holding 20
logged "handshake: 198.51.100.2:40001 on echo-v4: done, ECDHE-RSA-AES256-GCM-SHA384, [0-9]+ ms"

telemetry await /dtlsgw/sessions sessions 1
list=$(telemetry get /dtlsgw/sessions list)
[[ $list =~ ^\[\'([0-9]+)\ 198.51.100.2:40001\ echo-v4\'\]$ ]] || fail "sessions: $list"
id=${BASH_REMATCH[1]}
[ "$(telemetry get /dtlsgw/sessions,cursor=0 list)" = "$list" ] || fail "cursor=0 differs"
[ "$(telemetry get /dtlsgw/sessions,cursor=10000 list)" = "[]" ] || fail "cursor=10000"

# session KEY PATTERN
session() {
	local value

	value=$(telemetry get "/dtlsgw/sessions,$id" "$1")
	[[ $value =~ ^$2$ ]] || fail "session: $1 is $value, not $2"
}
session id "$id"
session peer "198.51.100.2:40001"
session local "$V4:4433"
session backend "192.0.2.2:7"
session listener echo-v4
session suite AES_256_GCM
session since "$(date -u +%Y)-.*Z"
session lcore 0
session rx_forged 0
sent=$(telemetry get /dtlsgw/stats sealed)
session tx_records "[1-9][0-9]*"
session rx_bytes "[1-9][0-9]*"

[ "$(telemetry get /dtlsgw/stats ports)" = "['outside', 'inside']" ]
[ "$(telemetry get /dtlsgw/stats listeners)" = "['echo-v4', 'echo-v6', 'coaps']" ]
[ "$(telemetry get /dtlsgw/stats,lcore=0 sealed)" -eq "$sent" ]
[ "$(telemetry get /dtlsgw/stats,listener=echo-v4 sealed)" -eq "$sent" ]
[ "$(telemetry get /dtlsgw/stats,listener=echo-v4 handshakes_completed)" -eq 1 ]
[ "$(telemetry get /dtlsgw/stats,listener=echo-v6 handshakes_started)" -eq 0 ]
for port in outside inside; do
	for key in rx_packets rx_bytes tx_packets tx_bytes; do
		[ "$(telemetry get /dtlsgw/stats,port=$port $key)" -gt 0 ] || fail "$port $key is 0"
	done
	for key in rx_missed rx_no_mbuf rx_errors tx_errors; do
		[ "$(telemetry get /dtlsgw/stats,port=$port $key)" -ge 0 ] ||
			fail "$port has no $key"
	done
done
[ "$(telemetry get /dtlsgw/drops,lcore=0 bad_tag)" -eq 0 ]
for wrong in stats,lcore=1 stats,lcore=x stats,port=none stats,listener=none stats,colour=blue \
	drops,lcore=1 drops,port=outside sessions,cursor=x sessions,$((id + (1 << 32))) \
	sessions,no; do
	telemetry refused "/dtlsgw/$wrong"
done
# left and right are the gateway's own sums.
for _ in {1..100}; do
	left=$(telemetry get /dtlsgw/stats left) right=$(telemetry get /dtlsgw/stats right)
	[ "$left" -ne "$right" ] || break
	sleep 0.05
done
[ "$left" -gt 0 ] && [ "$left" -eq "$right" ] || fail "left $left, right $right"

! dtls_client $V4 4433 --cipher AES128-SHA --timeout 60 || fail "a suite that is not offered"
logged "handshake: 198.51.100.2:[0-9]+ on echo-v4: failed: no shared cipher, [0-9]+ ms"
expect /dtlsgw/stats,listener=echo-v4 handshakes_failed 1

kill "$client"
wait "$client"
telemetry zero /dtlsgw/sessions sessions
[ "$(telemetry get /dtlsgw/sessions list)" = "[]" ]
