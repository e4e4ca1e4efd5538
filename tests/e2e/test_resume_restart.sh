#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sessions are resumed after the gateway was started again, by ticket and by id, also after a crash;
# those that a fatal alert ended are not.  Without its file nobody knows them: none is resumed.
. "$(dirname "$0")/lib.sh"

STATE=$LAB_RUN/resumption.state

# resume EXPECTED SESSION [OPTION...]
resume() {
	local got

	got=$(in_client "$TOOLS/resume_client" --host $V4 --port 4433 --ca "$LAB_RUN/ca.pem" \
		--session "$LAB_RUN/$2.session" "${@:3}")
	[ "$got" = "$1" ] || fail "the session \"$2\" is $got, not $1"
}

# both EXPECTED: by ticket and by id.
both() {
	resume "$1" ticket
	resume "$1" id --no-ticket
}

crash() {
	kill -KILL "$LAB_GATEWAY"
	wait "$LAB_GATEWAY" || true
}

(umask 077 && openssl rand -hex 80 >"$LAB_RUN/ticket.keys")
up "resumption: {ticket_keys: ticket.keys, state_file: resumption.state}"
logged "not there yet; no older session is resumed"
both new
both resumed
gateway_end
[ "$(stat -c %a "$STATE")" = 600 ]

lab_gateway "$DTLSGW"
logged "resumption.state: [1-9][0-9]* sessions, 0 revoked"
both resumed
resume new revoked
resume new revoked_id --no-ticket
for session in revoked revoked_id; do
	resume resumed $session --fatal
	telemetry zero /dtlsgw/stats sessions
done
logged "fatal alert from the client"
expect /dtlsgw/resumption revoked 2
crash
lab_gateway "$DTLSGW"
logged "sessions, 2 revoked"
expect /dtlsgw/resumption revoked_listed 2
both resumed
resume new revoked
resume new revoked_id --no-ticket

# The key becomes the previous one, and a crash comes at once.
(umask 077 && openssl rand -hex 80 | cat - "$LAB_RUN/ticket.keys" >"$LAB_RUN/new.keys")
mv "$LAB_RUN/new.keys" "$LAB_RUN/ticket.keys"
kill -HUP "$LAB_GATEWAY"
logged "2 ticket keys"
resume resumed ticket
crash
lab_gateway "$DTLSGW"
resume resumed ticket

gateway_stop
truncate -s -5 "$STATE"
lab_gateway "$DTLSGW"
logged "kept as .*\.bad, and no older session is resumed"
[ -e "$STATE.bad" ]
both new
both resumed
gateway_stop
rm "$STATE"
lab_gateway "$DTLSGW"
both new
both resumed
