#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Puts load on a gateway with dtlsgw-gen; see usage() and perf/README.md.
set -Eeuo pipefail

TREE=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-$TREE/build-perf}
NAME=dtlsgw-gen-$$
LAB_RUN=$(mktemp -d "/tmp/$NAME.XXXXXX")
LAB_GATEWAY_NS=
NS_SERVER=$NAME-server
NS_GEN=$NAME-gen
ADDRESS=198.51.100.1
REASON=
# shellcheck source=config/lab_net.sh
. "$TREE/config/lab_net.sh"

# What every run has unless the options behind -- say otherwise.
COMMON=(
	--server "$ADDRESS:4433" --source 198.51.100.2 --ca "$LAB_RUN/ca.pem" --name dtlsgw.example
	--suites ECDHE-ECDSA-AES128-GCM-SHA256
)

usage() {
	cat <<'END'
usage: perf/gen.sh [--compare] [--quick] [--json FILE] [-- OPTION-OF-DTLSGW-GEN...]
Builds and starts dtlsgw and dtlsgw-gen on two CPUs, connected by shared memory (net_memif), and
searches the highest rate at which at most 0.001 % is lost: client to backend, backend to client,
there and back; 64, 256, 1350 bytes and a mix.
  --compare    the same load, there and back, over veth and af_packet on dtlsgw and on echo servers
               with OpenSSL and GnuTLS, one CPU each, one after the other
  --quick      two sizes, short trials
  --json FILE  the reports, a list with one of each server
Environment: BUILD build directory [build-perf]; CPUS "SERVER GENERATOR" [the first two allowed];
RING log2 of the slots of a memif ring [12].
END
}

on_exit() {
	local status=$?

	trap - EXIT ERR
	set +e
	lab_end $status gen
	wait # for whoever shows a log: tail looks for the process now and then
	exit $status
}
trap on_exit EXIT
trap 'REASON="line $LINENO: $BASH_COMMAND"' ERR
trap 'exit 130' INT TERM HUP

# fail REASON
fail() {
	REASON=$*
	exit 1
}

build() {
	{
		[ -e "$BUILD/build.ninja" ] || meson setup "$BUILD" "$TREE"
		ninja -C "$BUILD" dtlsgw perf/gen/dtlsgw-gen perf/gen/dtls_echo_openssl
		! grep -q dtls_echo_gnutls "$BUILD/build.ninja" ||
			ninja -C "$BUILD" perf/gen/dtls_echo_gnutls
	} >"$LAB_RUN/build.log" 2>&1 || fail "the build failed"
}

# configure OUTSIDE-DEVICE INSIDE-DEVICE: lab.yaml with these devices, on our CPUs.
configure() {
	sed -e "s|device: .*dtlsgw-out.*|device: $1|; s|device: .*dtlsgw-in.*|device: $2|" \
		-e "s/file_prefix: .*/file_prefix: $NAME/; s/control: .*/control: $CPU_GEN/" \
		-e "s/workers: .*/workers: [$CPU_SERVER]/; s/poll: .*/poll: busy/" \
		"$TREE/config/lab.yaml" >"$LAB_RUN/lab.yaml"
	printf 'limits: {sessions: 100000, half_open: 10000, %s}\n' \
		'half_open_per_address: 0, sessions_per_address: 0' >>"$LAB_RUN/lab.yaml"
	install -m 600 "$TREE/config/lab.psk" "$LAB_RUN"
}

# server_stop LABEL: what SERVER names, by SIGTERM; a gateway must end well.
server_stop() {
	local status=0

	kill "$SERVER"
	timeout 20 tail --pid="$SERVER" -s 0.05 -f /dev/null || fail "the server does not end"
	wait "$SERVER" || status=$?
	SERVER=
	[ $status -eq 0 ] || [ "$1" != dtlsgw ] || fail "dtlsgw ended with status $status"
}

# gateway NAMESPACE
gateway() {
	LAB_GATEWAY_NS=$1
	lab_run gateway "$1" "$BUILD/dtlsgw" -c "$LAB_RUN/lab.yaml"
	SERVER=$LAB_PID
	lab_await gateway "$SERVER" 'dtlsgw .* runs' 30 || fail "the gateway does not come up"
}

# generate LABEL NAMESPACE OPTION...: loads SERVER, which ends before the generator's ports do; the
# report is LABEL.json.
generate() {
	local label=$1 ns=$2 pid show status=0

	shift 2
	echo "== $label"
	lab_run "$label" "$ns" "$BUILD/perf/gen/dtlsgw-gen" --label "$label" \
		--cpu "$CPU_GEN" --json "$LAB_RUN/$label.json" --linger "${COMMON[@]}" "$@"
	pid=$LAB_PID
	# In a shell of its own, which waits for both.
	{
		tail --pid="$pid" -s 0.2 -n +1 -f "$LAB_RUN/$label.log" 2>/dev/null |
			grep --line-buffered -v '^# done'
	} &
	show=$!
	lab_await "$label" "$pid" '^# done' 3600 || true
	server_stop "$label"
	kill "$pid" 2>/dev/null || true
	wait "$pid" || status=$?
	wait "$show" || true
	[ $status -eq 0 ] || fail "dtlsgw-gen ended with status $status"
}

over_memif() {
	local out=rsize=$RING,socket=$NAME-out in=rsize=$RING,id=1,socket=$NAME-in

	configure "net_memif0,role=server,$out" "net_memif1,role=server,$in"
	gateway ""
	generate dtlsgw "" --outside "net_memif0,role=client,$out" \
		--inside "net_memif1,role=client,$in" --backend 192.0.2.2:7 "$@"
}

# link NAME: a veth between the two namespaces, for DPDK at both ends: see link_up() of lab_net.sh.
link() {
	local ns

	ip -n "$NS_SERVER" link add "$1" type veth peer name "$1" netns "$NS_GEN"
	for ns in "$NS_SERVER" "$NS_GEN"; do
		# shellcheck disable=SC2016 # the inner shell expands
		ip netns exec "$ns" sh -ec '
			ethtool -K "$0" tx off rx off tso off gso off gro off >/dev/null 2>&1
			echo 1 >/proc/sys/net/ipv6/conf/$0/disable_ipv6
			ip link set "$0" up' "$1"
	done
}

network() {
	local ns

	for ns in "$NS_SERVER" "$NS_GEN"; do
		echo "$ns" >>"$LAB_RUN/namespaces"
		ip netns add "$ns"
		ip -n "$ns" link set lo up
	done
	link out
}

# echo_server LABEL TEXT COMMAND...: a server in the namespace, on its CPU, that says TEXT when it
# is ready; then the load of ECHO_LOAD on it.
echo_server() {
	local label=$1 text=$2

	shift 2
	lab_run "server-$label" "$NS_SERVER" taskset -c "$CPU_SERVER" "$@"
	SERVER=$LAB_PID
	lab_await "server-$label" "$SERVER" "$text" 10 || fail "server $label does not start"
	generate "$label" "$NS_GEN" --outside "net_af_packet0,iface=out,$PACKET" "${ECHO_LOAD[@]}"
}

compare() {
	# Abstract sockets end at the namespace.
	local in=rsize=$RING,socket=$LAB_RUN/in,socket-abstract=no

	PACKET=framecnt=4096
	network
	configure "net_af_packet0,iface=out,$PACKET" "net_memif0,role=server,$in"
	gateway "$NS_SERVER"
	generate dtlsgw "$NS_GEN" --outside "net_af_packet0,iface=out,$PACKET" \
		--inside "net_memif0,role=client,$in" --backend 192.0.2.2:7 "$@"
	ip -n "$NS_SERVER" addr add $ADDRESS/24 dev out
	ECHO_LOAD=("$@")
	for label in openssl gnutls; do
		[ -x "$BUILD/perf/gen/dtls_echo_$label" ] || continue
		echo_server $label ready "$BUILD/perf/gen/dtls_echo_$label" $ADDRESS 4433 \
			"$LAB_RUN/ecdsa.pem" "$LAB_RUN/ecdsa.key"
	done
	if command -v gnutls-serv >/dev/null; then
		# It serves one session at a time and returns 255 bytes of a record at most.
		ECHO_LOAD=(--size 64 --sessions 1)
		while [ $# -gt 0 ]; do
			if [ "$1" = --size ] || [ "$1" = --sessions ]; then
				shift
			else
				ECHO_LOAD+=("$1")
			fi
			shift
		done
		echo_server gnutls-serv 'UDP Echo Server' gnutls-serv --echo --udp --port 4433 \
			--x509certfile "$LAB_RUN/ecdsa.pem" --x509keyfile "$LAB_RUN/ecdsa.key"
	fi
}

COMPARE=
QUICK=
JSON=
while [ $# -gt 0 ]; do
	case $1 in
	--compare) COMPARE=yes ;;
	--quick) QUICK=yes ;;
	--json) JSON=${2:?--json needs a file} && shift ;;
	-h | --help) usage && exit ;;
	--) shift && break ;;
	*) usage >&2 && exit 2 ;;
	esac
	shift
done
[ "$(id -u)" = 0 ] || fail "run it as root"
RING=${RING:-12}
read -r CPU_SERVER CPU_GEN <<<"${CPUS:-$(lab_cpus)}"
LOAD=(--tries 2)
[ -z "$QUICK" ] || LOAD+=(--seconds 0.3 --resolution 3)
if [[ " $* " != *" --size "* ]]; then
	LOAD+=(--size 64 --size 1350)
	[ -n "$QUICK" ] || LOAD+=(--size 256 --size imix)
fi
build
lab_certificates || fail "openssl made no certificates"
REPORTS=(dtlsgw)
if [ -n "$COMPARE" ]; then
	# Where sending is a system call, one a packet is all that a slow sender would measure.
	compare --direction echo --burst 16 "${LOAD[@]}" "$@"
	for label in openssl gnutls gnutls-serv; do
		[ ! -e "$LAB_RUN/$label.json" ] || REPORTS+=("$label")
	done
else
	over_memif --direction up,down,echo "${LOAD[@]}" "$@"
fi
python3 "$TREE/perf/gen_table.py" "${JSON:-/dev/null}" "${REPORTS[@]/#/$LAB_RUN/}"
