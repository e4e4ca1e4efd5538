#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Three handshake threads: many clients at once, others that fail and reloads among them, each
# thread has its share, and in the end nothing is left.
. "$(dirname "$0")/lib.sh"

WAVES=4 CLIENTS=4 CONNECTIONS=24
CIPHERS=(ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES256-GCM-SHA384
	ECDHE-RSA-AES128-GCM-SHA256)

# handshakes KEY: the sum over listeners.
handshakes() {
	local listener sum=0

	for listener in echo-v4 echo-v6; do
		sum=$((sum + $(telemetry get "/dtlsgw/stats,listener=$listener" "handshakes_$1")))
	done
	echo $sum
}

# reloads: how often the identities were read, the start included.
reloads() {
	grep -cE "psk: listener coaps: [0-9]+ identities" "$LAB_RUN/gateway.log"
}

# Data may get lost where threads share the lcore's CPU, a close_notify too: then the session idles.
up "limits: {idle_timeout_s: 5}" "s/workers: .*/&\n  handshakes: [1, 0, 1]/"
for thread in 0 1 2; do
	tid=$(grep -lx "handshake-$thread" /proc/"$LAB_GATEWAY"/task/*/comm)
	tid=$(basename "$(dirname "$tid")")
	cpu=$(taskset -pc "$tid" | sed 's/.*: //')
	[ "$cpu" = $((1 - thread % 2)) ] || fail "thread $thread runs on CPU $cpu"
done
reloads=$(reloads)
for ((wave = 0; wave < WAVES; wave++)); do
	pids=()
	for ((i = 0; i < CLIENTS; i++)); do
		address=$V4 port=$((4433 + (wave + i) % 2))
		((i < 2)) || address=$V6
		lab_run "client-$i" "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --ca "$LAB_RUN/ca.pem" \
			--host "$address" --port $port --connections $CONNECTIONS \
			--cipher "${CIPHERS[i]}" --max 8 --window 1 --lossy --timeout 60
		pids+=("$LAB_PID")
	done
	lab_run refused "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --ca "$LAB_RUN/ca.pem" --host $V4 \
		--port 4433 --connections 16 --cipher AES128-SHA --timeout 5
	refused=$LAB_PID
	for _ in 1 2 3 4 5; do
		kill -HUP "$LAB_GATEWAY"
		sleep 0.05
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "a client of wave $wave failed"
	done
	! wait "$refused" || fail "a suite that is not offered"
done
[ "$(reloads)" -gt "$reloads" ] || fail "nothing was read again"
expect /dtlsgw/stats installs $((WAVES * CLIENTS * CONNECTIONS))
telemetry zero /dtlsgw/sessions sessions
telemetry zero /dtlsgw/handshakes half_open
telemetry zero /dtlsgw/handshakes queued
telemetry zero /dtlsgw/stats handshakes
[ "$(telemetry get /dtlsgw/handshakes threads)" -eq 3 ]
[ "$(telemetry get /dtlsgw/handshakes dropped_hellos)" -eq 0 ]
[ "$(telemetry get /dtlsgw/handshakes dropped_records)" -eq 0 ]
for thread in 0 1 2; do
	# At least three messages each, and a fifth of all at the least.
	telemetry await /dtlsgw/handshakes,thread=$thread messages \
		$((3 * WAVES * CLIENTS * CONNECTIONS / 5))
done
telemetry refused /dtlsgw/handshakes,thread=3
telemetry refused /dtlsgw/handshakes,lcore=0
started=$(handshakes started) completed=$(handshakes completed) failed=$(handshakes failed)
[ "$completed" -eq $((WAVES * CLIENTS * CONNECTIONS)) ] || fail "$completed completed"
[ "$started" -eq $((completed + failed + $(handshakes expired) + $(handshakes replaced))) ] ||
	fail "$started started"
[ "$failed" -ge $WAVES ] || fail "only $failed failed"

# SIGTERM comes while sessions are up and others are being made.
lab_run client "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host $V4 --port 4433 \
	--ca "$LAB_RUN/ca.pem" --connections 40 --hold 20
lab_await client "$LAB_PID" holding 20
lab_run late "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host $V4 --port 4433 --timeout 10 \
	--ca "$LAB_RUN/ca.pem" --connections 60
telemetry await /dtlsgw/stats hello $((started + 45))
