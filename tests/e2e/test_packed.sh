#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Three records in one datagram, the second bad; and a last record cut short.
. "$(dirname "$0")/lib.sh"

record_tool() {
	in_client "$TOOLS/record_tool" --ca "$LAB_RUN/ca.pem" --host "$1" --port 4433 \
		--scenario "$2"
}

up
record_tool $V4 packed
record_tool $V6 packed
expect /dtlsgw/drops bad_tag 4
record_tool $V4 cut
expect /dtlsgw/drops record 1
! grep -q "666f72676564" "$LAB_RUN/backend.log" || fail "the backend saw a bad record"
