#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs every test; see usage().
set -Eeuo pipefail

TREE=$(cd "$(dirname "$0")/.." && pwd)
BUILD=$TREE/build
BUILD_FUZZ=$TREE/build-fuzz
BUILD_TSAN=$TREE/build-tsan
TSAN_TESTS=(credentials hs_threads log resumption_threads)
LOGS=$BUILD/test-logs
FUZZ_S=10 # seconds for each fuzz target
E2E_S=240 # seconds at most for each e2e test
PEERS_ALL_S=900
SKIPPED_RC=77
# shellcheck source=config/lab_net.sh
. "$TREE/config/lab_net.sh"

PACKAGES=(
	dpdk dpdk-dev ethtool gcc gnutls-bin golang-github-pion-dtls.v2-dev golang-go iproute2
	iputils-ping libc6-dev libcmocka-dev libcoap3-bin libcyaml-dev libdpdk-dev libevent-dev
	libgnutls28-dev libipsec-mb-dev libjansson-dev libmbedtls-dev libpcap-dev libssl-dev
	libwolfssl-dev libyaml-dev meson ninja-build openssl pkg-config procps python3 socat tcpdump
	tshark
)
FUZZ_PACKAGES=(clang libclang-rt-dev llvm)

usage() {
	cat <<'END'
usage: tests/run.sh [NAME...]
Installs what the tests need, builds, and runs the tests: all, or those of the names.  A name is
  meson   unit, cross-validation, known answers, corpus replay, the test tools' own tests
  tsan    what has threads, under ThreadSanitizer
  fuzz    each libFuzzer target for a short while
  perf    the quick benches against their floors (perf/floors.sh)
  e2e     every script of tests/e2e, or one of them: sizes is tests/e2e/test_sizes.sh
  peers-all
          test_peers.sh with every cell on all ten lossy ways; only where it is named
The last line counts results; the status is 0 if none failed.  Output of tests: build/test-logs.
END
}

passed=0 failed=0 skipped=0

# result STATUS NAME SECONDS: counts and prints; after a failure also the end of NAME's log.
result() {
	case $1 in
	0) passed=$((passed + 1)) && echo "PASS $2 ($3 s)" ;;
	"$SKIPPED_RC") skipped=$((skipped + 1)) && echo "SKIP $2" ;;
	*)
		failed=$((failed + 1))
		echo "FAIL $2 ($3 s)"
		tail -n 60 "$LOGS/$2.log" | sed 's/^/    /'
		;;
	esac
}

# run NAME COMMAND...
run() {
	local name=$1 status=0 start=$SECONDS

	shift
	"$@" >"$LOGS/$name.log" 2>&1 </dev/null || status=$?
	result $status "$name" $((SECONDS - start))
}

finish() {
	echo "$passed passed, $failed failed, $skipped skipped"
	exit $((failed > 0))
}

# prepare NAME COMMAND...: is no test, but where it fails the run ends.
prepare() {
	local name=$1 start=$SECONDS

	shift
	"$@" >"$LOGS/$name.log" 2>&1 </dev/null ||
		{ result 1 "$name" $((SECONDS - start)) && finish; }
	echo "$name ($((SECONDS - start)) s)"
}

# shellcheck disable=SC2317 # prepare calls it
build_release() {
	local peer reconfigure=

	[ -e "$BUILD/build.ninja" ] || meson setup "$BUILD" "$TREE" || return
	# A build set up before the peers' libraries came leaves them out.
	for peer in gnutls mbedtls pion wolfssl; do
		grep -q "tools/peer_$peer" "$BUILD/build.ninja" || reconfigure=yes
	done
	[ -z "$reconfigure" ] || meson setup --reconfigure "$BUILD" "$TREE" || return
	ninja -C "$BUILD"
}

# shellcheck disable=SC2317 # prepare calls it
build_fuzz() {
	[ -e "$BUILD_FUZZ/build.ninja" ] ||
		CC=clang meson setup -Dfuzz=true "$BUILD_FUZZ" "$TREE" || return
	ninja -C "$BUILD_FUZZ" "${FUZZ_TARGETS[@]/#/tests/fuzz/}"
}

# shellcheck disable=SC2317 # prepare calls it
build_tsan() {
	[ -e "$BUILD_TSAN/build.ninja" ] ||
		meson setup -Db_sanitize=thread --buildtype debugoptimized "$BUILD_TSAN" "$TREE" ||
		return
	ninja -C "$BUILD_TSAN" "${TSAN_TESTS[@]/#/tests/unit/test_}"
}

# Every test of meson counts by itself.
run_meson() {
	local name status seconds

	rm -f "$BUILD/meson-logs/testlog.json"
	meson test -C "$BUILD" --no-rebuild >"$LOGS/meson.log" 2>&1 || true
	while read -r name status seconds; do
		result "$status" "$name" "$seconds"
	done < <(python3 - "$BUILD/meson-logs/testlog.json" "$LOGS" <<'END'
import json, sys
status = {"OK": 0, "EXPECTEDFAIL": 0, "SKIP": 77}
for line in open(sys.argv[1]):
    test = json.loads(line)
    name = test["name"].split(" / ")[-1].replace(" ", "_")
    with open(f"{sys.argv[2]}/{name}.log", "w") as log:
        log.write(test.get("stdout", "") + test.get("stderr", ""))
    print(name, status.get(test["result"], 1), round(test["duration"]))
END
	)
	[ -s "$BUILD/meson-logs/testlog.json" ] || result 1 meson 0
}

# Without randomised addresses, of which some are not ThreadSanitizer's.
run_tsan() {
	local name

	for name in "${TSAN_TESTS[@]}"; do
		TSAN_OPTIONS=suppressions=$TREE/tests/tsan.supp run "tsan_$name" \
			setarch -R "$BUILD_TSAN/tests/unit/test_$name"
	done
}

run_fuzz() {
	local target work

	work=$(mktemp -d "$LOGS/fuzz.XXXXXX")
	for target in "${FUZZ_TARGETS[@]}"; do
		mkdir "$work/$target"
		run "$target" "$BUILD_FUZZ/tests/fuzz/$target" -seed=1 -max_total_time=$FUZZ_S \
			-timeout=10 -artifact_prefix="$LOGS/" "$work/$target" \
			"$TREE/tests/fuzz/corpus/${target#fuzz_}"
	done
	rm -rf "$work"
}

# run_e2e SCRIPT
run_e2e() {
	local name

	name=$(basename "$1" .sh)
	run "$name" timeout -k 30 $E2E_S "$1"
}

# wanted NAME...: true without names on the command line, or if one of them is there.
wanted() {
	local name

	[ ${#NAMES[@]} -gt 0 ] || return 0
	for name in "$@"; do
		[[ " ${NAMES[*]} " != *" $name "* ]] || return 0
	done
	return 1
}

case "${1-}" in
-h | --help) usage && exit ;;
esac
NAMES=("$@")
for name in "${NAMES[@]}"; do
	case $name in
	meson | tsan | fuzz | perf | e2e | peers-all) ;;
	*) [ -e "$TREE/tests/e2e/test_$name.sh" ] || { usage >&2 && exit 2; } ;;
	esac
done
[ "$(id -u)" = 0 ] || { echo "run it as root: e2e tests make network namespaces" >&2 && exit 2; }
mkdir -p "$LOGS"
FUZZ_TARGETS=()
for name in "$TREE"/tests/fuzz/fuzz_*.c; do
	FUZZ_TARGETS+=("$(basename "$name" .c)")
done

if wanted fuzz; then
	PACKAGES+=("${FUZZ_PACKAGES[@]}")
fi
prepare packages lab_packages "${PACKAGES[@]}"
prepare build build_release
if wanted meson; then
	run_meson
fi
if wanted tsan; then
	prepare build_tsan build_tsan
	run_tsan
fi
if wanted fuzz; then
	prepare build_fuzz build_fuzz
	run_fuzz
fi
if wanted perf; then
	BUILD=$BUILD run perf "$TREE/perf/floors.sh"
fi
for script in "$TREE"/tests/e2e/test_*.sh; do
	name=$(basename "$script" .sh)
	if wanted e2e "${name#test_}"; then
		BUILD=$BUILD run_e2e "$script"
	fi
done
if [[ " ${NAMES[*]} " == *" peers-all "* ]]; then
	BUILD=$BUILD run peers-all timeout -k 30 $PEERS_ALL_S \
		"$TREE/tests/e2e/test_peers.sh" --each 10
fi
finish
