# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# shellcheck disable=SC2034 # the tests and lab_net.sh use what is set here
# What every e2e test sources first.  A test then calls up, does its work and ends; any command
# that fails ends it.  On the way out the gateway's sum of counters is checked, it gets SIGTERM and
# must end with 0, and everything is taken down, whatever happened.
#   BUILD  build directory with dtlsgw and the tools; default build/ of the tree
#   KEEP   directory that is to hold what the test has made: logs, captures, keys; default none
set -Eeuo pipefail

E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TREE=$(cd "$E2E/../.." && pwd)
BUILD=$(cd "${BUILD:-$TREE/build}" && pwd)
TOOLS=$BUILD/tests/e2e/tools
DTLSGW=$BUILD/dtlsgw
TEST=$(basename "$0" .sh)
NAME=dtlsgw-${TEST#test_}-$$
LAB_RUN=$(mktemp -d "/tmp/$NAME.XXXXXX")
LAB_GATEWAY_NS=$NAME-gateway
LAB_CLIENT_NS=$NAME-client
LAB_BACKEND_NS=$NAME-backend
LAB_GATEWAY=
REASON=
# The gateway's addresses and ports: at 4433 the backend is IPv4, at 4434 IPv6.
V4=198.51.100.1
V6=2001:db8:1::1
# All that the gateway can do; the default has no CCM_8.
CERTIFICATE_SUITES=ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AESCCM
CERTIFICATE_SUITES+=:DHE+aRSA+AESGCM:DHE+aRSA+CHACHA20:DHE+aRSA+AESCCM
PSK_SUITES=kECDHEPSK+CHACHA20:kDHEPSK+AESGCM:kDHEPSK+CHACHA20:kDHEPSK+AESCCM
PSK_SUITES+=:kPSK+AESGCM:kPSK+CHACHA20:kPSK+AESCCM
# shellcheck source=config/lab_net.sh
. "$TREE/config/lab_net.sh"

on_exit() {
	local status=$?

	trap - EXIT ERR
	set +e
	if [ $status -eq 0 ] && [ -n "$LAB_GATEWAY" ]; then
		gateway_end || { status=1 REASON="the end of the gateway"; }
	fi
	[ -z "${KEEP-}" ] || cp -rT "$LAB_RUN" "$KEEP"
	lab_end $status "$TEST"
	exit $status
}
trap on_exit EXIT
trap 'REASON="line $LINENO: $BASH_COMMAND"' ERR
trap 'exit 130' INT TERM HUP PIPE

# fail REASON
fail() {
	REASON=$*
	exit 1
}

# configure [YAML [SED-SCRIPT]]: lab.yaml for this test: YAML is appended.
configure() {
	sed -e "s/file_prefix:.*/file_prefix: $NAME/" -e "${2-}" "$TREE/config/lab.yaml" \
		>"$LAB_RUN/lab.yaml"
	printf '%s\n' "${1-}" >>"$LAB_RUN/lab.yaml"
	install -m 600 "$TREE/config/lab.psk" "$LAB_RUN"
	[ -e "$LAB_RUN/ca.pem" ] || lab_certificates
}

# up [YAML [SED-SCRIPT]]: network, backend and gateway.
up() {
	configure "$@"
	lab_up
	lab_run backend "$LAB_BACKEND_NS" "$TOOLS/udp_echo"
	lab_await backend "$LAB_PID" ready 20
	lab_gateway "$DTLSGW"
}

# The sum of counters, then SIGTERM.
gateway_end() {
	telemetry sum && gateway_stop
}

# SIGTERM; it must end with 0 within 10 s.
gateway_stop() {
	local status

	kill "$LAB_GATEWAY"
	timeout 10 tail --pid="$LAB_GATEWAY" -s 0.05 -f /dev/null ||
		{ echo "the gateway does not end after SIGTERM" >&2 && return 1; }
	status=0
	wait "$LAB_GATEWAY" || status=$?
	LAB_GATEWAY=
	[ $status -eq 0 ] || { echo "the gateway ended with status $status" >&2 && return 1; }
}

# telemetry get COMMAND KEY | await COMMAND KEY N | zero COMMAND KEY | refused COMMAND | sum
telemetry() {
	python3 "$E2E/telemetry.py" "$NAME" "$@"
}

drops() {
	telemetry get /dtlsgw/drops "$1"
}

# expect COMMAND KEY N: the value becomes N and is not more.
expect() {
	local value

	telemetry await "$@"
	value=$(telemetry get "$1" "$2")
	[ "$value" -eq "$3" ] || fail "$1 $2 is $value, not $3"
}

# in_client COMMAND...: in the clients' namespace, at most two minutes.
in_client() {
	timeout 120 ip netns exec "$LAB_CLIENT_NS" "$@"
}

# dtls_client HOST PORT OPTION...
dtls_client() {
	in_client "$TOOLS/dtls_client" --ca "$LAB_RUN/ca.pem" --host "$1" --port "$2" "${@:3}"
}

# proxy NAME PORT OPTION...: an impairment proxy at 127.0.0.1 PORT in front of the gateway; sets
# LAB_PID.
proxy() {
	lab_run "$1" "$LAB_CLIENT_NS" "$TOOLS/udp_proxy" --listen 127.0.0.1 --listen-port "$2" \
		--host $V4 --port 4433 "${@:3}"
	lab_await "$1" "$LAB_PID" ready 20
}

# capture NAME NAMESPACE FILTER: NAME.pcap in LAB_RUN until capture_end; one at a time.
capture() {
	lab_run "$1" "$2" tcpdump -Z root -ni eth0 -U --immediate-mode -w "$LAB_RUN/$1.pcap" "$3"
	CAPTURE=$LAB_PID
	lab_await "$1" "$CAPTURE" 'listening on' 10
}

capture_end() {
	kill "$CAPTURE"
	wait "$CAPTURE" || true
}

# logged TEXT: it stands in the gateway's log.
logged() {
	lab_await gateway "$LAB_GATEWAY" "$1" 5 || fail "the gateway's log has no \"$1\""
}
