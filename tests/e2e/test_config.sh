#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Faults of a configuration: the message names file, line, key and what is wrong; status 1.
. "$(dirname "$0")/lib.sh"

# refused NAME TEXT SED-SCRIPT [YAML]: lab.yaml so changed is refused with TEXT, an extended regular
# expression.
refused() {
	local status=0

	configure "${4-}" "$3"
	"$DTLSGW" -c "$LAB_RUN/lab.yaml" --check >"$LAB_RUN/check.log" 2>&1 || status=$?
	[ $status -eq 1 ] || fail "$1: status $status, not 1"
	grep -qE "lab\.yaml:[0-9]+: .*$2" "$LAB_RUN/check.log" || fail "$1: no message like \"$2\""
	echo "$1: $(head -n 1 "$LAB_RUN/check.log")"
}

configure
"$DTLSGW" -c "$LAB_RUN/lab.yaml" --check | grep -q "lab.yaml: ok"
"$DTLSGW" -c "$TREE/config/dtlsgw.yaml" --check >"$LAB_RUN/check.log" 2>&1 || true
grep -q "ecdsa.pem" "$LAB_RUN/check.log" || fail "dtlsgw.yaml is wrong in more than certificates"
echo other >"$LAB_RUN/no.pem"
refused "unknown key" colour "" "colour: blue"
refused "unknown key below" speed "s/port: 4433/&\n    speed: 9/"
refused "bad number" port "s/port: 4433/port: many/"
refused "out of range" port "s/port: 4433/port: 70000/"
refused "bad address" "addresses|198" "s/198.51.100.1\/24/198.51.100.300\/24/"
refused "address used twice" "198.51.100.1" "s/192.0.2.1\/24/198.51.100.1\/24/"
refused "two listeners alike" "port|listener" "s/port: 4434/port: 4433/"
refused "unknown backend" nowhere "s/backend: echo-v6/backend: nowhere/"
refused "no certificate file" missing.pem "s/certificate: ecdsa.pem/certificate: missing.pem/"
refused "no key file" missing.key "s/key: ecdsa.key/key: missing.key/"
refused "key of another certificate" "key" "s/key: ecdsa.key/key: rsa.key/"
refused "not a certificate" no.pem "s/certificate: ecdsa.pem/certificate: no.pem/"
refused "bad suite" suites "s/port: 4433/&\n    suites: NULL-SHA/"
refused "window no power of two" replay_window "" "limits: {replay_window: 1000}"
refused "missing device" device "s/device: net_af_packet0.*/mtu: 1500/"
refused "no such CPU" workers "s/workers: .*/workers: [900]/"
refused "no such CPU for handshakes" handshakes "s/workers: .*/&\n  handshakes: [0, 900]/"
refused "no directory for the key log" keylog "" "log: {keylog: nowhere/keys}"
refused "not YAML" "" "s/listeners:/listeners: [/"

status=0
"$DTLSGW" -c "$LAB_RUN/none.yaml" --check >"$LAB_RUN/check.log" 2>&1 || status=$?
[ $status -eq 1 ] || fail "no file: status $status, not 1"
grep -q "none.yaml" "$LAB_RUN/check.log"

# A port that does not exist is found at start, by name.
configure
lab_run gateway "" "$DTLSGW" -c "$LAB_RUN/lab.yaml"
status=0
wait "$LAB_PID" || status=$?
[ $status -eq 1 ] || fail "without its ports: status $status, not 1"
grep -E "lab\.yaml:[0-9]+|outside" "$LAB_RUN/gateway.log" || fail "no message about the port"
