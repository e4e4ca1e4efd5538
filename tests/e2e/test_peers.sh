#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Clients on other libraries: peer x key exchange x suite x way.  See usage().
usage() {
	cat <<'EOF'
usage: test_peers.sh [--seeds N] [PEER...]
One handshake and some echoes for every cell, then a table of passed, FAILED and cannot: the peer's
library has no such suite, which it said itself.  A way is clean or loses, doubles and swaps a tenth
of all datagrams each, from a seed.
  --seeds N  so many of the latter, seeds 1 to N; default 1
EOF
}

SEEDS=1
PEERS=(openssl mbedtls wolfssl gnutls pion)
# ECDHE-RSA has no CCM (RFC 7251 is ECDSA alone, RFC 6655 is DHE-RSA).
SUITES=(
	ECDHE-ECDSA-AES128-GCM-SHA256=0xc02b
	ECDHE-ECDSA-AES256-GCM-SHA384=0xc02c
	ECDHE-ECDSA-CHACHA20-POLY1305=0xcca9
	ECDHE-ECDSA-AES128-CCM=0xc0ac
	ECDHE-ECDSA-AES256-CCM=0xc0ad
	ECDHE-ECDSA-AES128-CCM8=0xc0ae
	ECDHE-ECDSA-AES256-CCM8=0xc0af
	ECDHE-RSA-AES128-GCM-SHA256=0xc02f
	ECDHE-RSA-AES256-GCM-SHA384=0xc030
	ECDHE-RSA-CHACHA20-POLY1305=0xcca8
	DHE-RSA-AES128-GCM-SHA256=0x009e
	DHE-RSA-AES256-GCM-SHA384=0x009f
	DHE-RSA-CHACHA20-POLY1305=0xccaa
	DHE-RSA-AES128-CCM=0xc09e
	DHE-RSA-AES256-CCM=0xc09f
	DHE-RSA-AES128-CCM8=0xc0a2
	DHE-RSA-AES256-CCM8=0xc0a3
)
# The default has no CCM_8.
LISTENER_SUITES=ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AESCCM
LISTENER_SUITES+=:DHE+aRSA+AESGCM:DHE+aRSA+CHACHA20:DHE+aRSA+AESCCM
RETRANSMIT_MS=500
while [ $# -gt 0 ]; do
	case $1 in
	--seeds) SEEDS=${2:?} && shift ;;
	-*) usage >&2 && exit 2 ;;
	*) break ;;
	esac
	shift
done
[ $# -eq 0 ] || PEERS=("$@")
. "$(dirname "$0")/lib.sh"

declare -A PID RESULT
passed=0 failed=0 cannot=0
REASONS=

# certificates: the RSA one from an RSA CA, because pion goes by the CA's algorithm when it verifies
# what the certificate's key has signed.
certificates() {
	lab_certificates
	(
		cd "$LAB_RUN" && umask 077 &&
			openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=dtlsgw lab RSA CA" \
				-keyout rsa_ca.key -out rsa_ca.pem &&
			openssl req -x509 -key rsa.key -days 30 -CA rsa_ca.pem -CAkey rsa_ca.key \
				-subj "$LAB_SUBJECT" -addext "subjectAltName=$LAB_NAMES" \
				-addext basicConstraints=critical,CA:FALSE -out rsa.pem &&
			cat rsa_ca.pem >>ca.pem
	) 2>>"$LAB_RUN/openssl.out" || fail "openssl made no certificates"
}

# cell PEER SUITE WAY: its name, also that of its log.
cell() {
	echo "$1-${2%=*}-$3"
}

# client CELL PEER SUITE HOST PORT OPTION...
client() {
	lab_run "$1" "$LAB_CLIENT_NS" "$TOOLS/peer_$2" --host "$4" --port "$5" \
		--ca "$LAB_RUN/ca.pem" --suite "${3#*=}" --retransmit $RETRANSMIT_MS "${@:6}"
	PID[$1]=$LAB_PID
}

# collect CELL: waits for its client.
collect() {
	local cell=$1 status=0 last

	wait "${PID[$cell]}" || status=$?
	last=$(tail -n 1 "$LAB_RUN/$cell.log")
	case $status in
	0) RESULT[$cell]=passed passed=$((passed + 1)) ;;
	3) RESULT[$cell]=cannot cannot=$((cannot + 1)) ;;
	*) RESULT[$cell]=FAILED failed=$((failed + 1)) last="status $status, $last" ;;
	esac
	if [ "$status" -eq 0 ]; then
		rm "$LAB_RUN/$cell.log"
	else
		REASONS+="$cell: $last"$'\n'
	fi
}

# The peers of one suite at a time, so that no timer runs out because the machine is busy.
clean() {
	local peer suite

	for suite in "${SUITES[@]}"; do
		for peer in "${PEERS[@]}"; do
			client "$(cell "$peer" "$suite" clean)" "$peer" "$suite" $V4 4433
		done
		for peer in "${PEERS[@]}"; do
			collect "$(cell "$peer" "$suite" clean)"
		done
	done
}

# impaired SEED: all cells at once, since they wait for timers, each behind a proxy of its own.
impaired() {
	local peer suite name port=5000 runs=() proxies=() run

	for suite in "${SUITES[@]}"; do
		for peer in "${PEERS[@]}"; do
			name=$(cell "$peer" "$suite" "$1")
			RESULT[$name]=${RESULT[$(cell "$peer" "$suite" clean)]}
			[ "${RESULT[$name]}" = passed ] || continue
			port=$((port + 1))
			lab_run "proxy-$port" "$LAB_CLIENT_NS" "$TOOLS/udp_proxy" \
				--listen 127.0.0.1 --listen-port $port --host $V4 --port 4433 \
				--loss 10 --duplicate 10 --reorder 10 --seed $(($1 * 10000 + port))
			proxies+=("$LAB_PID")
			runs+=("$name $peer $suite 127.0.0.1 $port")
		done
	done
	while [ "$(grep -l '^ready' "$LAB_RUN"/proxy-*.log | wc -l)" -lt ${#proxies[@]} ]; do
		kill -0 "${proxies[@]}" # or it would never be
		sleep 0.1
	done
	for run in "${runs[@]}"; do
		# shellcheck disable=SC2086 # the words are arguments
		client $run --lossy --quiet 300 --seed "$1"
	done
	for run in "${runs[@]}"; do
		collect "${run%% *}"
	done
	kill "${proxies[@]}"
	wait "${proxies[@]}"
	rm "$LAB_RUN"/proxy-*.log
}

table() {
	local peer suite way

	printf '%-30s %-7s' suite way
	printf ' %-8s' "${PEERS[@]}"
	echo
	for suite in "${SUITES[@]}"; do
		for way in clean $(seq "$SEEDS"); do
			printf '%-30s %-7s' "${suite%=*}" "${way/#[0-9]/seed &}"
			for peer in "${PEERS[@]}"; do
				printf ' %-8s' "${RESULT[$(cell "$peer" "$suite" "$way")]}"
			done
			echo
		done
	done
	printf '%s' "$REASONS"
}

for peer in "${PEERS[@]}"; do
	[ -x "$TOOLS/peer_$peer" ] || fail "peer_$peer is not built: its library is missing"
done
certificates
up "limits: {retransmit_ms: $RETRANSMIT_MS, handshake_timeout_s: 60}" \
	"s/port: 4433/&\n    suites: $LISTENER_SUITES/"
clean
# Every peer's close_notify ended its session.
expect /dtlsgw/stats installs $passed
expect /dtlsgw/drops alert $passed
[ "$(telemetry get /dtlsgw/stats sessions)" -eq 0 ] || fail "sessions are left"
echo "clean: $SECONDS s"
for ((seed = 1; seed <= SEEDS; seed++)); do
	impaired $seed
	echo "seed $seed: $SECONDS s"
done
table
echo "$passed passed, $failed failed, $cannot cannot"
[ $failed -eq 0 ] || fail "$failed cells"
expect /dtlsgw/stats installs $passed
