#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Frames that lie, garbage and wrong ports beside a good session: every one is counted under its
# reason, the good session loses nothing.
. "$(dirname "$0")/lib.sh"

up
lab_run client "$LAB_CLIENT_NS" "$TOOLS/dtls_client" --ca "$LAB_RUN/ca.pem" --host $V4 --port 4433 \
	--max 1000 --random 100000000 --window 2 --timeout 200
client=$LAB_PID
lab_await client "$client" ^up 20
mac=$(ip -n "$LAB_GATEWAY_NS" -o link show dtlsgw-out | sed 's/.*ether \([^ ]*\).*/\1/')
# The next frames go out when these are counted, so that no queue on the way overflows.
coproc BAD { in_client python3 "$E2E/bad_frames.py" eth0 "$mac"; }
out=${BAD[0]} in=${BAD[1]} nb=0
while read -r -t 10 reason count <&"$out"; do
	# The kernels' own multicast reports have IP options as well.
	if [ "$reason" = ip_options ]; then
		telemetry await /dtlsgw/drops "$reason" "$count"
	else
		expect /dtlsgw/drops "$reason" "$count"
	fi
	echo "$reason $count"
	nb=$((nb + 1))
	echo >&"$in"
done
[ $nb -eq 22 ] || fail "only $nb kinds of frames were sent"
# Every first byte on the 5-tuple of a session.
in_client "$TOOLS/record_tool" --ca "$LAB_RUN/ca.pem" --host $V6 --port 4433 --scenario garbage
kill "$client"
wait "$client" || fail "the good session suffered"
cat "$LAB_RUN/client.log"
