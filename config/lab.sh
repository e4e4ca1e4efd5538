#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds dtlsgw and shows it at work between two network namespaces; see usage().
set -Eeuo pipefail

TREE=$(cd "$(dirname "$0")/.." && pwd)
LAB_RUN=/run/dtlsgw-lab
LAB_GATEWAY_NS=
LAB_CLIENT_NS=dtlsgw-client
LAB_BACKEND_NS=dtlsgw-backend
LOCK=/run/dtlsgw-lab.lock
DTLSGW=$TREE/build/dtlsgw
# shellcheck source=config/lab_net.sh
. "$TREE/config/lab_net.sh"

PACKAGES=(
	dpdk dpdk-dev ethtool gcc iproute2 libc6-dev libcmocka-dev libcyaml-dev libdpdk-dev
	libevent-dev libipsec-mb-dev libjansson-dev libpcap-dev libssl-dev libyaml-dev meson
	ninja-build openssl pkg-config python3 socat
)

usage() {
	cat <<'END'
usage: config/lab.sh [--keep | --stop]
Installs what is missing, builds, starts dtlsgw between namespaces dtlsgw-client and
dtlsgw-backend, sends lines with openssl s_client and checks that they come back.
  --keep  leave everything up and print commands to try
  --stop  take down what --keep left
END
}

STEP=start
REASON=
step() {
	STEP=$1
	REASON=
	echo "lab: $1"
}

# fail REASON: for what set -e does not see.
fail() {
	REASON=$*
	return 1
}

on_exit() {
	local status=$?

	trap - ERR EXIT
	if [ $status -ne 0 ] && [ -n "$OWNER" ]; then
		lab_tails "$LAB_RUN"/{build,gateway,s_client-*}.log >&2
	fi
	[ $status -eq 0 ] || echo "lab: FAILED at step $STEP: ${REASON:-see above}" >&2
	if [ -z "$KEEP" ] || [ $status -ne 0 ]; then
		[ -z "$OWNER" ] || lab_down
	fi
	exit $status
}

# claim: the lock for this run, then what a crashed run left behind.
claim() {
	exec 9>"$LOCK"
	flock -n 9 || fail "another lab is running; only one fits, because its addresses are fixed"
	if [ -e "$LAB_RUN/kept" ]; then
		fail "a lab is up; config/lab.sh --stop takes it down"
	fi
	OWNER=yes
	if [ -d "$LAB_RUN" ]; then
		echo "removing what an earlier lab left"
		lab_down
	fi
	mkdir -m 700 "$LAB_RUN"
}

build() {
	{
		[ -e "$TREE/build/build.ninja" ] || meson setup "$TREE/build" "$TREE"
		ninja -C "$TREE/build" dtlsgw
	} >"$LAB_RUN/build.log" 2>&1 || fail "the build failed"
}

configure() {
	local control worker

	read -r control worker < <(lab_cpus)
	sed "s/control: 0/control: $control/; s/workers: \[1\]/workers: [$worker]/" \
		"$TREE/config/lab.yaml" >"$LAB_RUN/lab.yaml"
	install -m 600 "$TREE/config/lab.psk" "$LAB_RUN"
	"$DTLSGW" -c "$LAB_RUN/lab.yaml" --check || fail "dtlsgw refuses the configuration"
}

backend() {
	lab_run echo-v4 "$LAB_BACKEND_NS" socat UDP4-RECVFROM:7,fork PIPE
	lab_run echo-v6 "$LAB_BACKEND_NS" socat UDP6-RECVFROM:7,fork,ipv6only=1 PIPE
}

# s_client ADDRESS NAME CIPHER
s_client() {
	lab_lines "s_client-$2" openssl s_client -dtls1_2 -connect "$1" -cipher "$3" \
		-CAfile "$LAB_RUN/ca.pem" -verify_return_error -verify_hostname dtlsgw.example \
		-quiet -no_ign_eof || fail "openssl s_client to $1 did not get its lines back"
}

# psk_client ADDRESS NAME: with the identity and key of lab.psk.
psk_client() {
	lab_lines "s_client-$2" openssl s_client -dtls1_2 -connect "$1" -cipher PSK \
		-psk_identity client-1 -psk 00112233445566778899aabbccddeeff -quiet -no_ign_eof ||
		fail "openssl s_client with a pre-shared key to $1 did not get its lines back"
}

show() {
	lab_telemetry /dtlsgw/stats /dtlsgw/drops,lcore=0 >"$LAB_RUN/telemetry" ||
		fail "dpdk-telemetry.py got no answer"
	python3 - "$LAB_RUN/telemetry" <<'END'
import json, sys
for line in open(sys.argv[1]):
    for command, counters in json.loads(line).items():
        print("  " + command)
        print("    " + "\n    ".join(f"{k} {v}" for k, v in counters.items() if v))
END
}

hand_over() {
	touch "$LAB_RUN/kept"
	cat <<END
The lab is up.  Try
  ip netns exec $LAB_CLIENT_NS openssl s_client -dtls1_2 -connect 198.51.100.1:4433 \\
      -CAfile $LAB_RUN/ca.pem
  ip netns exec $LAB_CLIENT_NS openssl s_client -dtls1_2 -connect [2001:db8:1::1]:4433 \\
      -CAfile $LAB_RUN/ca.pem
  ip netns exec $LAB_CLIENT_NS openssl s_client -dtls1_2 -connect 198.51.100.1:5684 -cipher PSK \\
      -psk_identity client-1 -psk 00112233445566778899aabbccddeeff
  ip netns exec $LAB_CLIENT_NS gnutls-cli --udp --x509cafile $LAB_RUN/ca.pem \\
      --verify-hostname dtlsgw.example -p 4433 198.51.100.1
  echo /dtlsgw/sessions | dpdk-telemetry.py -f dtlsgw-lab     (or /dtlsgw/stats, /dtlsgw/drops)
  ip netns exec $LAB_CLIENT_NS ping 198.51.100.1
  ip netns exec $LAB_CLIENT_NS tcpdump -ni eth0 udp port 4433    (DTLS)
  ip netns exec $LAB_BACKEND_NS tcpdump -nXi eth0 udp port 7     (plaintext)
  tail -f $LAB_RUN/gateway.log
Port 4434 leads to the same backend over IPv6; 5684 takes the pre-shared keys of $LAB_RUN/lab.psk.
The CA is $LAB_RUN/ca.pem, the configuration $LAB_RUN/lab.yaml.
config/lab.sh --stop takes everything down.
END
}

stop() {
	exec 9>"$LOCK"
	flock -n 9 || fail "a lab is running"
	[ -d "$LAB_RUN" ] || fail "no lab is up"
	lab_down
}

KEEP=
OWNER=
case "${1-}" in
"") ;;
--keep) KEEP=yes ;;
--stop) ;;
--help | -h) usage && exit ;;
*) usage >&2 && exit 2 ;;
esac
trap on_exit EXIT
trap 'exit 130' INT TERM HUP
step "root"
[ "$(id -u)" = 0 ] || fail "run it as root: it makes network namespaces"
if [ "${1-}" = --stop ]; then
	step "stop"
	stop
	exit
fi
step "packages"
lab_packages "${PACKAGES[@]}" || fail "apt-get could not install what is missing"
step "claim"
claim
step "build"
build
step "certificates"
lab_certificates || fail "openssl made no certificates"
echo "  CA: $LAB_RUN/ca.pem"
step "configuration"
configure
step "namespaces"
lab_up || fail "namespaces and links cannot be made, see above"
step "backend"
backend
step "gateway"
lab_gateway "$DTLSGW" || fail "dtlsgw does not run"
step "IPv4, ECDSA certificate"
s_client 198.51.100.1:4433 ipv4 ECDHE-ECDSA-AES128-GCM-SHA256
step "IPv6, RSA certificate"
s_client "[2001:db8:1::1]:4433" ipv6 ECDHE-RSA-AES256-GCM-SHA384
step "IPv4, backend over IPv6"
s_client 198.51.100.1:4434 ipv4-ipv6 ECDHE+AESGCM
step "IPv4, pre-shared key"
psk_client 198.51.100.1:5684 psk
step "counters"
show
if [ -n "$KEEP" ]; then
	hand_over
else
	step "take down"
	kill "$LAB_GATEWAY"
	wait "$LAB_GATEWAY" || fail "the gateway ended with status $?"
	echo "lab: every line came back"
fi
