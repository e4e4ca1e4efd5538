#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Loss, doubling and swapping of a tenth of all datagrams each, ways from fixed seeds.
. "$(dirname "$0")/lib.sh"

up
pids=()
for seed in 1 2 3 4 5 6; do
	proxy "proxy-$seed" $((5000 + seed)) --loss 10 --duplicate 10 --reorder 10 --seed $seed
	lab_run "client-$seed" "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --host 127.0.0.1 \
		--port $((5000 + seed)) --ca "$LAB_RUN/ca.pem" --min 0 --max 300 --window 32 \
		--lossy --quiet 300 --timeout 90 --seed $seed
	pids+=("$LAB_PID")
done
for seed in 1 2 3 4 5 6; do
	wait "${pids[seed - 1]}" || fail "seed $seed"
	echo "seed $seed: $(grep -h -e ^up -e ^echoed "$LAB_RUN/client-$seed.log" | xargs)"
	[ "$(sed -n 's/^echoed \([0-9]*\) .*/\1/p' "$LAB_RUN/client-$seed.log")" -ge 200 ] ||
		fail "seed $seed: too few echoes for a loss of 10 percent each way"
done
expect /dtlsgw/stats installs 6
telemetry await /dtlsgw/drops replay 1
