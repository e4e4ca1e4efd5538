#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Who a client is, as an operator sees it: by certificate, also when it was resumed, and by
# pre-shared key.  SIGHUP: a revocation list, the gateway's certificate and identities change, and a
# bad file leaves what was.
. "$(dirname "$0")/lib.sh"

UNIT="a unit with a name of sixty letters, and one more beside it ..."
SUBJECT="/O=Meters/OU=$UNIT/OU=$UNIT/CN=meter \"7\""

# client EXPECTED [OPTION...]: a client with the certificate.
client() {
	local got

	got=$(in_client "$TOOLS/resume_client" --host $V4 --port 4433 --ca "$LAB_RUN/ca.pem" \
		--session "$LAB_RUN/session" --certificate "$LAB_RUN/meter.pem" \
		--key "$LAB_RUN/meter.key" "${@:2}") || got=refused
	[ "$got" = "$1" ] || fail "the client is $got, not $1"
}

# client_shown EXPECTED: what telemetry says of it, while it is there.
client_shown() {
	local id subject

	rm -f "$LAB_RUN/client.log"
	lab_run client "$LAB_CLIENT_NS" "$TOOLS/resume_client" --host $V4 --port 4433 \
		--ca "$LAB_RUN/ca.pem" --session "$LAB_RUN/session" \
		--certificate "$LAB_RUN/meter.pem" --key "$LAB_RUN/meter.key" --hold
	client=$LAB_PID
	lab_await client "$client" "^$1\$" 20
	telemetry await /dtlsgw/sessions sessions 1
	id=$(telemetry get /dtlsgw/sessions list | sed "s/^\['\([0-9]*\) .*/\1/")
	subject=$(telemetry get "/dtlsgw/sessions,$id" subject)
	[[ "$subject" == 'CN=meter \"7\",OU=a unit with'* ]] && [ ${#subject} -eq 127 ] ||
		fail "the subject is $subject"
	[ "$(telemetry get "/dtlsgw/sessions,$id" fingerprint)" = "$FINGERPRINT" ] ||
		fail "the fingerprint is not $FINGERPRINT"
	kill "$client"
	wait "$client"
	telemetry zero /dtlsgw/sessions sessions
}

# Certificates of clients, an authority's list, and another certificate of the gateway.
make_client() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-subj "/CN=clients' authority" -keyout clients.key -out clients.pem
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
		-CA clients.pem -CAkey clients.key -subj "$SUBJECT" \
		-addext basicConstraints=critical,CA:FALSE -keyout meter.key -out meter.pem
	touch index
	printf '[ca]\ndefault_ca=c\n[c]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=30\n' \
		>ca.cnf
	make_crl
}

make_crl() {
	openssl ca -config ca.cnf -cert clients.pem -keyfile clients.key -gencrl -out crl.new "$@"
	mv crl.new crl.pem
}

serial() {
	openssl x509 -in "$1" -noout -serial
}

# served: the serial number of the certificate that the gateway shows.
served() {
	in_client openssl s_client -dtls1_2 -connect $V4:4433 -cipher aECDSA \
		</dev/null 2>/dev/null |
		openssl x509 -noout -serial
}

# psk NAME IDENTITY KEY
psk() {
	lab_lines "psk-$1" openssl s_client -dtls1_2 -connect $V4:5684 -psk_identity "$2" \
		-psk "$3" -cipher PSK -quiet -no_ign_eof
}

(cd "$LAB_RUN" && make_client) 2>"$LAB_RUN/make.log"
FINGERPRINT=$(openssl x509 -in "$LAB_RUN/meter.pem" -noout -fingerprint -sha256 |
	sed 's/.*=//; s/://g' | tr A-F a-f)
CLIENTS="client_certificate: optional\n    client_ca: clients.pem\n    client_crl: crl.pem"
up "" "0,/port: 4433/s//&\n    $CLIENTS/"
client_shown new
logged "echo-v4: done, .*, CN=meter"
client_shown resumed

old=$(serial "$LAB_RUN/ecdsa.pem")
[ "$(served)" = "$old" ]
cp "$LAB_RUN/ecdsa.pem" "$LAB_RUN/old.pem"
lab_run held "$LAB_CLIENT_NS" "$TOOLS/resume_client" --host $V4 --port 4433 \
	--ca "$LAB_RUN/ca.pem" --session "$LAB_RUN/held.session" --hold
held=$LAB_PID
lab_await held "$held" new 20
(cd "$LAB_RUN" && openssl ca -config ca.cnf -cert clients.pem -keyfile clients.key \
	-revoke meter.pem && make_crl) 2>"$LAB_RUN/make.log"
lab_certificates
new=$(serial "$LAB_RUN/ecdsa.pem")
[ "$new" != "$old" ]
printf 'meter "00112233445566778899aabbccddeeff"\n' >"$LAB_RUN/lab.psk" # quotes: no key
kill -HUP "$LAB_GATEWAY"
logged "lab.psk:1: .*; the old identities stay"
[ "$(served)" = "$new" ]
client refused
logged "failed: certificate revoked, certificate of CN=meter"
[ "$(telemetry get /dtlsgw/stats,listener=echo-v4 handshakes_bad_certificate)" -eq 1 ]
psk old client-1 00112233445566778899aabbccddeeff

cp "$LAB_RUN/old.pem" "$LAB_RUN/ecdsa.pem" # its key has gone
printf '"two words" 00112233445566778899aabbccddee01\n' >"$LAB_RUN/lab.psk"
kill -HUP "$LAB_GATEWAY"
logged "does not match the certificate .*; the old certificate stays"
logged "listener coaps: 1 identities"
[ "$(served)" = "$new" ]
psk new "two words" 00112233445566778899aabbccddee01
kill "$held" # its session has lived through all this
wait "$held"
