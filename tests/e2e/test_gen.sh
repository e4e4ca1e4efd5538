#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The load generator: at a low rate nothing is lost, doubled or damaged, whatever the way, the
# families and the sizes; its reports are JSON; nothing of it stays, also when it is stopped.
. "$(dirname "$0")/lib.sh"
export BUILD

GEN=$BUILD/perf/gen/dtlsgw-gen

# generate NAME OPTION...: perf/gen.sh with its output in NAME.log; NAME.json is the report.
generate() {
	local name=$1 status=0

	echo "$name"
	lab_run "$name" "" "$TREE/perf/gen.sh" --json "$LAB_RUN/$name.json" "${@:2}"
	wait "$LAB_PID" || status=$?
	[ $status -eq 0 ] || fail "perf/gen.sh ended with status $status"
	nothing_left "$LAB_PID"
}

# nothing_left PID: of perf/gen.sh.
nothing_left() {
	local name=dtlsgw-gen-$1

	! compgen -G "/tmp/$name.*" || fail "its directory is left"
	[ ! -e "/run/dpdk/$name" ] || fail "EAL's directory is left"
	! ip netns list | grep "^$name-" || fail "a namespace is left"
	! pgrep -af "/$name\\." || fail "a process is left"
}

# clean NAME SERVERS CASES: NAME.json has so many servers with so many cases each; all that was
# sent came, as it was, once and in order.
clean() {
	python3 - "$LAB_RUN/$1.json" "$2" "$3" <<'END'
import json, sys

reports = json.load(open(sys.argv[1]))
assert len(reports) == int(sys.argv[2]), "servers"
for report in reports:
    hs = report["handshakes"]
    assert hs["completed"] == hs["working"] > 0 and hs["failed"] == 0, hs
    assert report["closed"] == 0 and len(report["cases"]) == int(sys.argv[3])
    for case in report["cases"]:
        trial = case["result"]
        assert trial["passed"], case
        assert not any(trial["strays"].values()), trial["strays"]
        for stream in (trial[s] for s in ("up", "down", "echo") if s in trial):
            assert stream["sent"] == stream["received"] > 0, stream
            assert not any(stream[k] for k in
                           ("lost", "refused", "duplicate", "reordered", "late")), stream
            assert all(s["sent"] == s["received"] > 0 for s in stream["sizes"])
            delay = stream["delay_ns"]
            assert 0 < delay["p50"] <= delay["p99"] <= delay["max"], delay
END
}

load=(--sessions 24 --rate 1000 --seconds 0.4 --quiet 20000 --handshake-timeout 60)

generate v4 -- "${load[@]}" --size imix --size 16:1,1435:1 --direction up,down,both,echo
clean v4 1 8
generate v6 -- "${load[@]}" --server "[2001:db8:1::1]:4434" --source 2001:db8:1::2 \
	--backend "[2001:db8:2::2]:7" --size 16:1,1415:1 --direction both,echo
clean v6 1 2
# Several client addresses, a pre-shared key, and the backend's family is the other one.
read -r identity key _ < <(grep '^client-1 ' "$TREE/config/lab.psk")
generate mixed -- "${load[@]}" --server "[2001:db8:1::1]:5684" --source 2001:db8:1::1:10 \
	--sources 5 --psk "$identity:$key" --suites PSK-AES128-GCM-SHA256 --size 64 --direction both
clean mixed 1 1
generate search --quick -- --sessions 8 --size 64 --direction echo --seconds 0.05 --resolution 20 \
	--loss 100
python3 -c 'import json, sys
case = json.load(open(sys.argv[1]))[0]["cases"][0]
assert case["rate"] == "max" and case["limited_by"] in ("server", "generator"), case
assert case["result"]["passed"] and len(case["trials"]) > 1' "$LAB_RUN/search.json"
generate compare --compare -- "${load[@]}" --size 64:2,1200:1
clean compare 4 1 # dtlsgw, OpenSSL, GnuTLS, gnutls-serv

# Without a server it says so; a server that is not what it should be is refused.
! "$GEN" --outside net_null0 --server 192.0.2.1:4433 --source 192.0.2.2 \
	>"$LAB_RUN/nobody.log" 2>&1 || fail "no server, and nobody notices"
grep -q "192.0.2.1 does not answer on net_null0" "$LAB_RUN/nobody.log"
status=0
"$TREE/perf/gen.sh" -- --name other.example --sessions 2 >"$LAB_RUN/other.log" 2>&1 || status=$?
[ $status -eq 1 ] || fail "a certificate with another name: status $status"
grep -q "handshake of .* certificate verify failed" "$LAB_RUN/other.log"
status=0
"$GEN" --outside net_null0 >"$LAB_RUN/usage.log" 2>&1 || status=$?
[ $status -eq 2 ] || fail "bad options: status $status"

# Stopped in the middle it takes everything down.
for mode in "" --compare; do
	# shellcheck disable=SC2086 # no mode is no argument
	lab_run stopped "" "$TREE/perf/gen.sh" $mode -- --rate 100 --seconds 300 --sessions 4
	gen=$LAB_PID
	lab_await stopped "$gen" "^# 4 sessions" 60 || fail "it does not start"
	kill "$gen"
	status=0
	wait "$gen" || status=$?
	[ $status -ne 0 ] || fail "stopped, but status 0"
	nothing_left "$gen"
done
