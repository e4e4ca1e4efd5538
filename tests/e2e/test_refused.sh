#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Handshakes that come to nothing, with openssl s_client: the alert it hears, the counter and the
# log line that tell an operator why, and nothing left behind.
. "$(dirname "$0")/lib.sh"

LISTENER=echo-v4 PORT=4433
refusals=0

# refused WHAT ALERT COUNTER LOG OPTION...: of s_client.
refused() {
	local counted out="$LAB_RUN/client-$refusals.out"

	counted=$(telemetry get "/dtlsgw/stats,listener=$LISTENER" "handshakes_$3")
	in_client timeout 60 openssl s_client -dtls1_2 -connect $V4:$PORT "${@:5}" \
		</dev/null >"$out" 2>&1 || true
	grep -q "SSL alert number $2\$" "$out" || { cat "$out" && fail "$1: no alert $2"; }
	expect "/dtlsgw/stats,listener=$LISTENER" "handshakes_$3" $((counted + 1))
	logged "on $LISTENER: failed: $4"
	refusals=$((refusals + 1))
	echo "$1: alert $2, $3, \"$4\""
}

# certificate NAME OPTION...: of a client, by the authority in clients.pem.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-addext basicConstraints=critical,CA:FALSE -keyout "$1.key" -out "$1.pem" "${@:2}"
}

certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj "/CN=clients' authority" -keyout clients.key -out clients.pem
	certificate stranger -days 30
	certificate good -days 30 -CA clients.pem -CAkey clients.key
	# openssl req makes none that has expired.
	openssl req -new -key good.key -subj /CN=expired -out expired.csr
	touch index
	echo 01 >serial
	cat >ca.cnf <<'END'
[ca]
default_ca=c
[c]
database=index
serial=serial
new_certs_dir=.
default_md=sha256
policy=p
[p]
commonName=supplied
END
	openssl ca -batch -config ca.cnf -cert clients.pem -keyfile clients.key -in expired.csr \
		-out expired.pem -notext -startdate 20200101000000Z -enddate 20200201000000Z
}

(cd "$LAB_RUN" && certificates) >"$LAB_RUN/make.log" 2>&1
up "" "0,/port: 4433/s//&\n    client_certificate: required\n    client_ca: clients.pem/"
refused "no certificate" 40 no_certificate "peer did not return a certificate"
refused "a certificate of another authority" 48 bad_certificate ".*certificate of CN=stranger" \
	-cert "$LAB_RUN/stranger.pem" -key "$LAB_RUN/stranger.key"
refused "an expired certificate" 45 bad_certificate \
	"certificate has expired, certificate of CN=expired" \
	-cert "$LAB_RUN/expired.pem" -key "$LAB_RUN/good.key"
refused "an unsupported suite" 40 failed "no shared cipher" -cipher ECDHE-ECDSA-AES128-SHA
refused "an unsupported group" 40 failed "no shared cipher" -curves P-521
LISTENER=coaps PORT=5684
refused "a certificate where there are only keys" 40 failed "no shared cipher"
refused "an unknown identity" 51 unknown_identity ".*unknown identity \"nobody\"" -cipher PSK \
	-psk_identity nobody -psk 00112233445566778899aabbccddeeff
refused "a wrong key" 51 bad_finished ".*identity \"client-1\"" -cipher PSK \
	-psk_identity client-1 -psk 00112233445566778899aabbccddeefe

[ "$(telemetry get /dtlsgw/stats installs)" -eq 0 ] || fail "a session was made"
telemetry zero /dtlsgw/stats handshakes
# A session under another name: not resumed, but that is no failure.
for options in "-sess_out $LAB_RUN/session" \
	"-sess_in $LAB_RUN/session -servername other.example"; do
	# shellcheck disable=SC2086 # the words are arguments
	in_client timeout 60 openssl s_client -dtls1_2 -connect $V4:4433 -cert "$LAB_RUN/good.pem" \
		-key "$LAB_RUN/good.key" $options </dev/null >"$LAB_RUN/resumed.out" 2>&1 || true
done
expect "/dtlsgw/stats,listener=echo-v4" handshakes_resumptions_refused 1
logged "on echo-v4: done, .*, CN=good, not resumed: another server name"
dtls_client $V4 5684 --max 20 --cipher PSK --identity client-1 \
	--psk 00112233445566778899aabbccddeeff
expect /dtlsgw/stats installs 3
