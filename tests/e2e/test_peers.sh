#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Clients on other libraries: peer x key exchange x suite x handshake x way.  See usage().
usage() {
	cat <<'EOF2'
usage: test_peers.sh [--each N] [--parallel N] [--only REGEX] [PEER...]
Runs every cell of peer x suite x (full, ticket, id) x (clean, N of ten lossy ways), then prints a
table.
  full    one handshake
  ticket  one handshake, close, a second one that must be resumed by the ticket of the first
  id      the same by session id, without tickets
and on each association some echoes; no nonce of the gateway may come twice.  A cell has passed,
FAILED, or the peer cannot: its library has no such thing, as it said itself, and that is known: see
CANNOT.  A lossy way loses, doubles and swaps a tenth of all datagrams each, from its seed, 1 to 10.
  --each N      lossy ways of each cell; default 2, so that cells next to each other in the table
                have others and all ten come equally often; 10 is the whole matrix; 0 none
  --parallel N  cells of a peer under way at the same time on the lossy ways; default 32
  --only REGEX  cells SUITE/HANDSHAKE/SEED that match, to look at a failure, with --each 10; seed 0
                is the clean way
EOF2
}

SEEDS=10
EACH=2
PARALLEL=32
ONLY=.
ALL_PEERS=(openssl mbedtls wolfssl gnutls pion)
HANDSHAKES=(full ticket id)
# What the gateway has.  ECDHE-RSA has no CCM (RFC 7251 is ECDSA alone, RFC 6655 is DHE-RSA); of
# ECDHE-PSK OpenSSL has this one.
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
	PSK-AES128-GCM-SHA256=0x00a8
	PSK-AES256-GCM-SHA384=0x00a9
	PSK-CHACHA20-POLY1305=0xccab
	PSK-AES128-CCM=0xc0a4
	PSK-AES256-CCM=0xc0a5
	PSK-AES128-CCM8=0xc0a8
	PSK-AES256-CCM8=0xc0a9
	DHE-PSK-AES128-GCM-SHA256=0x00aa
	DHE-PSK-AES256-GCM-SHA384=0x00ab
	DHE-PSK-CHACHA20-POLY1305=0xccad
	DHE-PSK-AES128-CCM=0xc0a6
	DHE-PSK-AES256-CCM=0xc0a7
	DHE-PSK-AES128-CCM8=0xc0aa
	DHE-PSK-AES256-CCM8=0xc0ab
	ECDHE-PSK-CHACHA20-POLY1305=0xccac
)
# What peers cannot do, as PEER/SUITE/HANDSHAKE/SEED and their reason; whatever else they say that
# they cannot is a failure.  The same for the libraries of Debian 12 and 13.
CANNOT=(
	"pion/[^/]+/ticket/0 .* nothing about tickets"
	"pion/(DHE|ECDHE-PSK)-[^/]+/(full|id)/0 .*CipherSuite with id.* is not valid"
	"pion/[^/]+-CHACHA20-POLY1305/(full|id)/0 .*CipherSuite with id.* is not valid"
	"pion/ECDHE-ECDSA-AES256-CCM8?/(full|id)/0 .*CipherSuite with id.* is not valid"
	"pion/PSK-AES256-(CCM|GCM-SHA384)/(full|id)/0 .*CipherSuite with id.* is not valid"
	"(pion|wolfssl)/[^/]+/(id|ticket)/[1-9][0-9]* .* for its last flight and did not repeat it"
	"wolfssl/[^/]+/(id|ticket)/[1-9][0-9]* .* gives up when it is asked for its last flight"
	"wolfssl/DHE-RSA-AES(128|256)-CCM8?/[a-z]+/0 .* has no such suite"
	"wolfssl/DHE-PSK-AES(128|256)-CCM8/[a-z]+/0 .* has no such suite"
	"wolfssl/ECDHE-ECDSA-AES256-CCM/[a-z]+/0 .* has no such suite"
	"wolfssl/PSK-AES(128|256)-(CCM8?|GCM-SHA[0-9]+)/[a-z]+/0 .* has no such suite"
)
RETRANSMIT_MS=250
PROXY_PORT=5000       # that of seed 1 is one higher
SOURCE_PORT=20000     # from here on, of clients on lossy ways; under the kernel's own choice
while [ $# -gt 0 ]; do
	case $1 in
	--each) EACH=${2:?} && shift ;;
	--parallel) PARALLEL=${2:?} && shift ;;
	--only) ONLY=${2:?} && shift ;;
	-*) usage >&2 && exit 2 ;;
	*) break ;;
	esac
	shift
done
[ "$EACH" -le $SEEDS ] || { usage >&2 && exit 2; }
PEERS=("$@")
[ $# -gt 0 ] || PEERS=("${ALL_PEERS[@]}")
. "$(dirname "$0")/lib.sh"

declare -A RESULT REASON_OF
COUNT=() # of the results of collect()

# certificates: the RSA one from an RSA CA, because pion goes by the CA's algorithm when it verifies
# what the certificate's key has signed.
certificates() {
	lab_certificates
	(
		cd "$LAB_RUN" && umask 077 &&
			openssl req -x509 -newkey rsa:2048 -nodes -days 30 \
				-subj "/CN=dtlsgw lab RSA CA" -keyout rsa_ca.key -out rsa_ca.pem &&
			openssl req -x509 -key rsa.key -days 30 -CA rsa_ca.pem -CAkey rsa_ca.key \
				-subj "$LAB_SUBJECT" -addext "subjectAltName=$LAB_NAMES" \
				-addext basicConstraints=critical,CA:FALSE -out rsa.pem &&
			cat rsa_ca.pem >>ca.pem
	) 2>>"$LAB_RUN/openssl.out" || fail "openssl made no certificates"
}

# cells PEER SEED: a line for every cell of a peer on one way, those left out that cannot be.  Seed
# 0 is the clean way.
cells() {
	local peer=$1 seed=$2 suite handshake auth port index=0 peer_index=0 name source host

	while [ "${ALL_PEERS[peer_index]}" != "$peer" ]; do
		peer_index=$((peer_index + 1))
	done
	for suite in "${SUITES[@]}"; do
		for handshake in "${HANDSHAKES[@]}"; do
			name=${suite%=*}/$handshake
			index=$((index + 1))
			[[ $name/$seed =~ $ONLY ]] || continue
			auth=cert port=4433 host=$V4 source=0
			[[ $suite != *PSK* ]] || auth=psk port=5684
			if [ "$seed" -gt 0 ]; then
				[ $(((seed + index + peer_index) * EACH % SEEDS)) -lt "$EACH" ] ||
					continue
				[ "${RESULT[$peer/$name/0]-passed}" = passed ] || continue
				host=127.0.0.1
				port=$((PROXY_PORT + 2 * seed + (port == 5684)))
				source=$(((seed - 1) * ${#SUITES[@]} * 3 + index))
				source=$((source * ${#ALL_PEERS[@]} + peer_index))
				source=$((SOURCE_PORT + 2 * source))
			fi
			echo "$name/$seed ${suite#*=} $auth $handshake $host $port $source $seed"
		done
	done
}

# clients WAY PARALLEL OPTION...: every peer's client with the cells in PEER-WAY.cells.
clients() {
	local peer pids=() pid way=$1

	for peer in "${PEERS[@]}"; do
		: >"$LAB_RUN/peer_$peer-$way.log"
		# lab_run's processes have no input of their own.
		# shellcheck disable=SC2016 # the inner shell expands
		lab_run "peer_$peer-$way" "$LAB_CLIENT_NS" sh -c 'exec "$@" <"$0"' \
			"$LAB_RUN/$peer-$way.cells" "$TOOLS/peer_$peer" --parallel "$2" \
			--ca "$LAB_RUN/ca.pem" --identity client-1 \
			--key 00112233445566778899aabbccddeeff --retransmit $RETRANSMIT_MS "${@:3}"
		pids+=("$LAB_PID")
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || true # what its cells say counts
	done
}

# collect WAY: reads what came out, and counts passed, failed, cannot, and of those that passed
# associations, resumed ones and those closed with a close_notify, in COUNT.
collect() {
	local peer name verdict reason left

	COUNT=(0 0 0 0 0 0)
	for peer in "${PEERS[@]}"; do
		left=$(wc -l <"$LAB_RUN/$peer-$1.cells")
		while read -r name verdict reason; do
			case $verdict in
			passed)
				COUNT[0]=$((COUNT[0] + 1))
				COUNT[3]=$((COUNT[3] + 1)) COUNT[5]=$((COUNT[5] + ${reason%% *}))
				[[ $name == */full/* ]] ||
					COUNT[3]=$((COUNT[3] + 1)) COUNT[4]=$((COUNT[4] + 1))
				;;
			failed) COUNT[1]=$((COUNT[1] + 1)) verdict=FAILED ;;
			cannot) COUNT[2]=$((COUNT[2] + 1)) ;;
			*) continue ;;
			esac
			RESULT[$peer/$name]=$verdict
			REASON_OF[$peer/$name]=$reason
			left=$((left - 1))
		done <"$LAB_RUN/peer_$peer-$1.log"
		[ "$left" -eq 0 ] || fail "$peer, $1: $left cells without a result"
	done
}

clean() {
	local peer

	for peer in "${PEERS[@]}"; do
		cells "$peer" 0 >"$LAB_RUN/$peer-clean.cells"
	done
	clients clean 2
	collect clean
}

# Every seed at once, since cells wait for timers, each seed behind proxies of its own.
lossy() {
	local peer seed port proxies=() ready=0

	for ((seed = 1; seed <= SEEDS; seed++)); do
		for port in 4433 5684; do
			lab_run "proxy-$seed-$port" "$LAB_CLIENT_NS" "$TOOLS/udp_proxy" \
				--listen 127.0.0.1 --listen-port \
				$((PROXY_PORT + 2 * seed + (port == 5684))) \
				--host $V4 --port $port --loss 10 --duplicate 10 --reorder 10 \
				--seed "$seed" --by-port
			proxies+=("$LAB_PID")
		done
	done
	for peer in "${PEERS[@]}"; do
		for ((seed = 1; seed <= SEEDS; seed++)); do
			cells "$peer" "$seed"
		done >"$LAB_RUN/$peer-lossy.cells"
	done
	until [ $ready -eq ${#proxies[@]} ]; do
		kill -0 "${proxies[@]}" # or it would never be
		sleep 0.1
		ready=$(grep -l '^ready' "$LAB_RUN"/proxy-*.log | wc -l)
	done
	clients lossy "$PARALLEL" --quiet 250 --timeout 120
	collect lossy
	kill "${proxies[@]}"
	wait "${proxies[@]}"
}

# lossy_result PEER/SUITE/HANDSHAKE: of the cell on all its lossy ways.
lossy_result() {
	local seed failed=0 cannot=0

	for ((seed = 1; seed <= SEEDS; seed++)); do
		case ${RESULT[$1/$seed]-} in
		FAILED) failed=$((failed + 1)) ;;
		cannot) cannot=$((cannot + 1)) ;;
		esac
	done
	if [ $failed -gt 0 ]; then
		echo "FAILED $failed"
	elif [ $cannot -gt 0 ]; then
		echo "cannot $cannot"
	else
		echo "${RESULT[$1/0]--}"
	fi
}

table() {
	local peer suite handshake name key

	printf '%-30s %-7s %-9s' suite handshake way
	printf ' %-9s' "${PEERS[@]}"
	echo
	for suite in "${SUITES[@]}"; do
		for handshake in "${HANDSHAKES[@]}"; do
			name=${suite%=*}/$handshake
			printf '%-30s %-9s %-7s' "${suite%=*}" "$handshake" clean
			for peer in "${PEERS[@]}"; do
				printf ' %-9s' "${RESULT[$peer/$name/0]--}"
			done
			printf '\n%-30s %-9s %-7s' "${suite%=*}" "$handshake" lossy
			for peer in "${PEERS[@]}"; do
				printf ' %-9s' "$(lossy_result "$peer/$name")"
			done
			echo
		done
	done
	for key in "${!RESULT[@]}"; do
		[ "${RESULT[$key]}" = passed ] || echo "$key ${RESULT[$key]}: ${REASON_OF[$key]}"
	done | sort
}

# unknown: the cells that cannot, but for the CANNOT.
unknown() {
	local key known

	for key in "${!RESULT[@]}"; do
		[ "${RESULT[$key]}" = cannot ] || continue
		for known in "${CANNOT[@]}"; do
			[[ ! "$key ${REASON_OF[$key]}" =~ ^$known$ ]] || continue 2
		done
		echo "$key"
	done
}

# resumed: what the gateway counts on its listeners.
resumed() {
	echo $(($(telemetry get /dtlsgw/stats,listener=echo-v4 handshakes_resumed) +
		$(telemetry get /dtlsgw/stats,listener=coaps handshakes_resumed)))
}

for peer in "${PEERS[@]}"; do
	[ -x "$TOOLS/peer_$peer" ] || fail "peer_$peer is not built: its library is missing"
done
certificates
up "limits: {retransmit_ms: $RETRANSMIT_MS, handshake_timeout_s: 120}
resumption: {cache: 10000}
log: {keylog: gateway.keylog}" \
	"s/port: 4433/&\n    suites: $CERTIFICATE_SUITES/; s/port: 5684/&\n    suites: $PSK_SUITES/"
capture wire "$LAB_CLIENT_NS" "udp port 4433 or udp port 5684"
clean
CLEAN=("${COUNT[@]}")
echo "clean: ${COUNT[0]} passed, ${COUNT[1]} failed, ${COUNT[2]} cannot, $SECONDS s"
if [ "${COUNT[1]}" -eq 0 ]; then
	# Every close_notify ended its session, and what a peer saw resumed the gateway saw too.
	expect /dtlsgw/stats installs "${COUNT[3]}"
	expect /dtlsgw/drops alert "${COUNT[5]}"
	[ "$(telemetry get /dtlsgw/stats sessions)" -eq $((COUNT[3] - COUNT[5])) ] ||
		fail "sessions are left"
	[ "$(resumed)" -eq "${COUNT[4]}" ] || fail "$(resumed) resumed, not ${COUNT[4]}"
fi
COUNT=(0 0 0 0 0 0)
[ "$EACH" -eq 0 ] || lossy
echo "lossy: ${COUNT[0]} passed, ${COUNT[1]} failed, ${COUNT[2]} cannot, $SECONDS s"
capture_end
table
# What clients do with their nonces is their business.
for port in 4433 5684; do
	"$TOOLS/nonce_oracle" --capture "$LAB_RUN/wire.pcap" --keylog "$LAB_RUN/gateway.keylog" \
		--port $port --clients-repeat 2>"$LAB_RUN/oracle-$port.log"
done
failed=$((CLEAN[1] + COUNT[1]))
echo "$((CLEAN[0] + COUNT[0])) passed, $failed failed, $((CLEAN[2] + COUNT[2])) cannot"
[ $failed -eq 0 ] || fail "$failed cells"
unknown=$(unknown)
[ -z "$unknown" ] || fail "peers that cannot what they could: ${unknown//$'\n'/, }"
# A peer that could not go on may have been resumed before.
resumed=$(resumed) least=$((CLEAN[4] + COUNT[4]))
[ "$resumed" -ge $least ] && [ "$resumed" -le $((least + COUNT[2])) ] ||
	fail "$resumed resumed, not $least to $((least + COUNT[2]))"
