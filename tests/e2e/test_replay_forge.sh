#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Replayed and forged records on a live session: each is counted under its reason, the session goes
# on, the backend sees every good datagram once and no harmful one.
. "$(dirname "$0")/lib.sh"

# scenario NAME REASON COUNT: of record_tool; REASON counts COUNT more.
scenario() {
	local before after

	before=$(drops "$2")
	in_client "$TOOLS/record_tool" --ca "$LAB_RUN/ca.pem" --host $V4 --port 4433 \
		--scenario "$1" --seed "$RANDOM" | tee "$LAB_RUN/$1.log"
	after=$(drops "$2")
	[ "$((after - before))" -eq "$3" ] || fail "$1: $((after - before)) $2, not $3"
}

up
scenario replay replay 5
scenario burst replay 5
scenario left replay 1
scenario late replay 0
scenario forged bad_tag 9
scenario future_epoch epoch 2
scenario epoch_0 epoch_0 5
scenario renegotiate handshake 5
scenario odd_types record_type 5
in_log=$LAB_RUN/backend.log
[ -z "$(grep -E '^[0-9]+ 676f6f64' "$in_log" | sort | uniq -d)" ] ||
	fail "the backend saw a good datagram twice"
! grep -q "666f72676564" "$in_log" || fail "the backend saw a forged datagram"
