#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# DTLS-SRTP with a media server: STUN and RTP on the listener's port before, during and after the
# handshake, and the keys that the control socket gives are those of the client.  Two lcores, two
# handshake threads.
. "$(dirname "$0")/lib.sh"

SOCKET=$LAB_RUN/control

# control get REQUEST KEY... | watch | refused UID
control() {
	timeout 10 python3 "$E2E/control.py" "$SOCKET" "$@"
}

# expect_keys REQUEST: the answer has the keys that the client exported.
expect_keys() {
	local keys

	keys=$(control get "$1" profile client_key server_key)
	[ "$keys" = "$exported" ] || fail "$1: $keys, not $exported"
}

# call HOST PORT SOURCE-PORT PROFILES: a client up to its session; sets CLIENT, and exported to
# profile and keys.
call() {
	lab_run "client-$3" "$LAB_CLIENT_NS" "$TOOLS/media_client" --host "$1" --port "$2" \
		--source-port "$3" --ca "$LAB_RUN/ca.pem" --profiles "$4"
	CLIENT=$LAB_PID
	lab_await "client-$3" "$CLIENT" holding 30 || fail "no session from port $3"
	exported=$(sed -n 's/^exported //p' "$LAB_RUN/client-$3.log")
}

hang_up() {
	kill "$CLIENT"
	wait "$CLIENT" || fail "media does not go on after the session"
}

up "control_socket: {path: control}
limits: {relay_timeout_s: 2}" \
	's/workers: .*/workers: [1, 1]\n  handshakes: [0, 1]/
	s/    port: 4433/&\n    media: echo-v4/
	s/    port: 4433/&\n    srtp: [SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80]/
	s/    port: 4434/&\n    srtp: [SRTP_AEAD_AES_256_GCM]\n    media: echo-v6/'
chmod 711 "$LAB_RUN" # else the directory would keep everybody out
[ "$(stat -c %a "$SOCKET")" = 600 ] || fail "mode of the control socket"
control refused 65534
lab_run watch "" python3 "$E2E/control.py" "$SOCKET" watch
WATCH=$LAB_PID
lab_await watch "$WATCH" '"watch":true' 10

call $V4 4433 40001 SRTP_AES128_CM_SHA1_80
[[ $exported = "SRTP_AES128_CM_SHA1_80 "* ]] || fail "profile: $exported"
expect_keys '{"command": "srtp", "peer": "198.51.100.2:40001"}'
expect_keys '{"command": "srtp", "peer": "198.51.100.2:40001", "listener": "echo-v4"}'
read -r id from < <(control get '{"command": "srtp", "peer": "198.51.100.2:40001"}' session \
	media_from)
expect_keys "{\"command\": \"srtp\", \"session\": \"$id\"}"
[[ $from = 192.0.2.1:* ]] || fail "media_from is $from"
expect_keys "{\"command\": \"srtp\", \"media_from\": \"$from\"}"
lab_await watch "$WATCH" "\"session\":\"$id\".*\"event\":\"up\"" 5 || fail "no event: up"
[ "$(drops rtp)" -eq 1 ] || fail "RTP in front of STUN was not dropped"
[ "$(telemetry get /dtlsgw/stats relays)" -eq 1 ]
[ "$(telemetry get /dtlsgw/relays begun)" -eq 1 ]
[ "$(telemetry get /dtlsgw/stats relay_in)" -eq "$(telemetry get /dtlsgw/stats relay_out)" ]
hang_up
lab_await watch "$WATCH" "\"session\":\"$id\".*\"event\":\"down\"" 5 || fail "no event: down"
[ "$(control get "{\"command\": \"srtp\", \"session\": \"$id\"}" error)" = \
	"no such session with keys for SRTP" ]

call $V6 4434 40002 SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM
[[ $exported = "SRTP_AEAD_AES_256_GCM "* ]] || fail "profile: $exported"
expect_keys '{"command": "srtp", "peer": "[2001:db8:1::2]:40002"}'
read -r from < <(control get '{"command": "srtp", "peer": "[2001:db8:1::2]:40002"}' media_from)
[[ $from = "[2001:db8:2::1]:"* ]] || fail "media_from is $from"
expect_keys "{\"command\": \"srtp\", \"media_from\": \"$from\"}"
hang_up

# Nobody else hears of keys: they stand only in what was asked for.
for key in ${exported#* }; do
	! grep -qF "$key" "$LAB_RUN/gateway.log" || fail "a key stands in the log"
done
telemetry zero /dtlsgw/stats relays
expect /dtlsgw/relays ended 2
gateway_end
[ ! -e "$SOCKET" ] || fail "the control socket is still there"
