#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two lcores on ports with one queue each: flows are spread in software, over the handoff rings.
. "$(dirname "$0")/lib.sh"

up "" "s/workers: .*/workers: [0, 1]/"
[ "$(telemetry get /dtlsgw/stats lcores)" -eq 2 ]
dtls_client $V4 4433 --connections 16 --min 0 --max 400 --timeout 100
dtls_client $V6 4434 --connections 16 --min 0 --max 400 --timeout 100
telemetry await /dtlsgw/stats handoff 1000
for lcore in 0 1; do
	telemetry await "/dtlsgw/stats,lcore=$lcore" opened 1000
	telemetry await "/dtlsgw/stats,lcore=$lcore" sealed 1000
done
