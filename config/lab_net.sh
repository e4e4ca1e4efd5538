# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The lab's network, certificates and processes, for lab.sh and for tests/e2e.  Source it after
# setting
#   LAB_RUN         directory that holds everything the lab makes, and what is written down about it
#   LAB_GATEWAY_NS  namespace of the gateway; empty: the one we are in
#   LAB_CLIENT_NS   namespace of the clients
#   LAB_BACKEND_NS  namespace of the backend
# Every function returns non-zero after a message on stderr when it fails.

LAB_SUBJECT=/CN=dtlsgw.example
LAB_NAMES=DNS:dtlsgw.example,IP:198.51.100.1,IP:2001:db8:1::1

# lab_packages NAME...: installs the Debian packages that are missing.
lab_packages() {
	local name missing=()

	for name in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed ||
			missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	echo "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq -o DPkg::Lock::Timeout=300 update >/dev/null &&
		apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends -y \
			"${missing[@]}" >/dev/null
}

# lab_cpus: the first two CPUs that we may run on; one may have to do.
lab_cpus() {
	local ranges range cpu found=()

	ranges=$(sed -n 's/^Cpus_allowed_list:\s*//p' /proc/self/status)
	for range in ${ranges//,/ }; do
		for ((cpu = ${range%-*}; cpu <= ${range#*-}; cpu++)); do
			found+=("$cpu")
		done
	done
	echo "${found[0]} ${found[1]:-${found[0]}}"
}

# lab_tails FILE...: the end of each that is not empty.
lab_tails() {
	local log

	for log in "$@"; do
		[ -s "$log" ] || continue
		echo "--- the end of ${log##*/}"
		tail -n 15 "$log"
	done
}

# lab_end STATUS NAME: for a trap on EXIT: says what failed, which is REASON if that is set, and
# takes everything down.
lab_end() {
	if [ "$1" -ne 0 ]; then
		lab_tails "$LAB_RUN"/*.log
		echo "$2: FAILED: ${REASON:-see above}"
	fi >&2
	lab_down
}

# lab_in NAMESPACE COMMAND...: runs it there.
lab_in() {
	if [ -n "$1" ]; then
		ip netns exec "$@"
	else
		"${@:2}"
	fi
}

# lab_up CLIENT-MTU: namespaces and links.  What exists already is somebody else's and an error.
lab_up() {
	local ns

	for ns in "$LAB_GATEWAY_NS" "$LAB_CLIENT_NS" "$LAB_BACKEND_NS"; do
		[ -n "$ns" ] || continue
		if ip netns pids "$ns" >/dev/null 2>&1; then
			echo "namespace $ns exists and is not this lab's" >&2
			return 1
		fi
		echo "$ns" >>"$LAB_RUN/namespaces"
		ip netns add "$ns" && ip -n "$ns" link set lo up || return 1
	done
	link_up dtlsgw-out "$LAB_CLIENT_NS" 198.51.100.2/24 2001:db8:1::2/64 &&
		link_up dtlsgw-in "$LAB_BACKEND_NS" 192.0.2.2/24 2001:db8:2::2/64
}

# link_up LINK NAMESPACE IPV4 IPV6: the gateway's end LINK belongs to DPDK alone: no address, no
# IPv6, no forwarding, or the kernel would answer as well.  No end may leave checksums or segments
# to hardware that is not there.
# shellcheck disable=SC2016 # the inner shell expands
link_up() {
	local link=$1 ns=$2
	local set='ethtool -K "$0" tx off rx off tso off gso off gro off >/dev/null 2>&1'

	if lab_in "$LAB_GATEWAY_NS" test -e "/proc/sys/net/ipv4/conf/$link"; then
		echo "interface $link exists and is not this lab's" >&2
		return 1
	fi
	[ -n "$LAB_GATEWAY_NS" ] || echo "$link" >>"$LAB_RUN/links"
	lab_in "$LAB_GATEWAY_NS" ip link add "$link" type veth peer name eth0 netns "$ns" &&
		lab_in "$LAB_GATEWAY_NS" sh -ec "$set"'
			echo 1 >/proc/sys/net/ipv6/conf/$0/disable_ipv6
			echo 0 >/proc/sys/net/ipv4/conf/$0/forwarding
			ip link set "$0" up' "$link" &&
		lab_in "$ns" sh -ec "$set"'
			echo 0 >/proc/sys/net/ipv6/conf/$0/accept_dad
			echo 0 >/proc/sys/net/ipv6/conf/$0/accept_ra
			ip addr add "$1" dev "$0"
			ip addr add "$2" dev "$0" nodad
			ip link set "$0" up' eth0 "$3" "$4"
}

# lab_certificates: ca.pem, and ecdsa.pem and rsa.pem with their keys, signed by it.
lab_certificates() {
	local kind

	(
		cd "$LAB_RUN" && umask 077 &&
			openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
				-days 30 -subj "/CN=dtlsgw lab CA" -keyout ca.key -out ca.pem ||
			exit 1
		for kind in "ecdsa ec -pkeyopt ec_paramgen_curve:P-256" "rsa rsa:2048"; do
			# shellcheck disable=SC2086 # the words are arguments
			set -- $kind
			openssl req -x509 -newkey "${@:2}" -nodes -days 30 -CA ca.pem \
				-CAkey ca.key -subj "$LAB_SUBJECT" \
				-addext "subjectAltName=$LAB_NAMES" \
				-addext basicConstraints=critical,CA:FALSE \
				-keyout "$1.key" -out "$1.pem" || exit 1
		done
	) 2>"$LAB_RUN/openssl.out" || {
		cat "$LAB_RUN/openssl.out" >&2
		return 1
	}
}

# The clock tick at which process PID started: tells it from a later one with the same number.
process_start() {
	local stat

	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
	# shellcheck disable=SC2086 # fields behind "pid (name)"
	set -- ${stat##*) }
	echo "${20}"
}

# lab_run NAME NAMESPACE COMMAND...: starts it in the background with its output in NAME.log and
# sets LAB_PID.
lab_run() {
	local name=$1 ns=$2

	shift 2
	[ -z "$ns" ] || set -- ip netns exec "$ns" "$@"
	: >"$LAB_RUN/$name.log" # lab_await may look before the process has opened it
	"$@" >>"$LAB_RUN/$name.log" 2>&1 </dev/null 9>&- &
	LAB_PID=$!
	echo "$LAB_PID $(process_start $LAB_PID) $name" >>"$LAB_RUN/processes"
}

# lab_await NAME PID TEXT SECONDS: waits until TEXT, an extended regular expression, stands in a
# line of NAME.log; not longer than process PID runs.
lab_await() {
	local fd line tail status=1

	exec {fd}< <(exec timeout "$4" tail --pid="$2" -s 0.1 -n +1 -f "$LAB_RUN/$1.log" 9>&-)
	tail=$!
	while read -r -u "$fd" line; do
		if [[ $line =~ $3 ]]; then
			status=0
			break
		fi
	done
	kill "$tail" 2>/dev/null || true
	wait "$tail" || true
	exec {fd}<&-
	return $status
}

# Starts the gateway and waits until it runs; sets LAB_GATEWAY to its process.
lab_gateway() {
	lab_run gateway "$LAB_GATEWAY_NS" "$1" -c "$LAB_RUN/lab.yaml"
	LAB_GATEWAY=$LAB_PID
	lab_await gateway "$LAB_GATEWAY" 'dtlsgw .* runs' 30 || {
		echo "the gateway does not come up; $LAB_RUN/gateway.log ends with" >&2
		tail -n 20 "$LAB_RUN/gateway.log" >&2
		return 1
	}
}

# lab_lines NAME COMMAND...: runs a client of lines, sends it three and checks that each comes back
# before the next is sent.  Its stderr goes to NAME.log.
lab_lines() {
	local name=$1 line reply pid in out i

	shift
	coproc CLIENT { exec ip netns exec "$LAB_CLIENT_NS" "$@" 2>"$LAB_RUN/$name.log" 9>&-; }
	pid=$CLIENT_PID in=${CLIENT[1]} out=${CLIENT[0]}
	echo "$pid $(process_start "$pid") $name" >>"$LAB_RUN/processes"
	trap '' PIPE
	for i in 1 2 3; do
		line="line $i to $name"
		{ echo "$line" >&"$in"; } 2>/dev/null &&
			read -r -t 10 reply <&"$out" || reply=nothing
		if [ "$reply" != "$line" ]; then
			echo "$name: sent \"$line\", got \"$reply\"" >&2
			return 1
		fi
		echo "  $reply"
	done
	trap - PIPE
	exec {in}>&-
	wait "$pid" && return
	echo "$name ended with status $?" >&2
	return 1
}

# Ends the processes that lab_run started, the last one first, and waits for them.
processes_end() {
	local pid start name

	[ -e "$LAB_RUN/processes" ] || return 0
	while read -r pid start name; do
		[ "$(process_start "$pid")" = "${start:-none}" ] || continue
		kill "$pid" 2>/dev/null
		timeout 10 tail --pid="$pid" -s 0.05 -f /dev/null 9>&- && continue
		echo "$name (process $pid) does not end; killed" >&2
		kill -KILL "$pid" 2>/dev/null
	done < <(tac "$LAB_RUN/processes")
}

# Takes down whatever LAB_RUN says was made, also by an earlier run that crashed, and removes it.
lab_down() {
	local name

	[ -d "$LAB_RUN" ] || return 0
	processes_end
	touch "$LAB_RUN/links" "$LAB_RUN/namespaces"
	while read -r name; do
		lab_in "$LAB_GATEWAY_NS" ip link del "$name" 2>/dev/null
	done <"$LAB_RUN/links"
	while read -r name; do
		ip netns del "$name" 2>/dev/null
	done <"$LAB_RUN/namespaces"
	# EAL leaves its directory behind.
	name=$(sed -n 's/^ *file_prefix: *//p' "$LAB_RUN/lab.yaml" 2>/dev/null)
	[ -z "$name" ] || rm -rf "/run/dpdk/$name"
	rm -rf "$LAB_RUN"
}

# lab_telemetry COMMAND...: the gateway's answers, as dpdk-telemetry.py prints them.
lab_telemetry() {
	local prefix

	prefix=$(sed -n 's/^ *file_prefix: *//p' "$LAB_RUN/lab.yaml")
	printf '%s\n' "$@" | timeout 10 dpdk-telemetry.py -f "$prefix" | grep -F '{"/dtlsgw'
}
