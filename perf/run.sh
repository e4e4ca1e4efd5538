#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# perf/run.sh [--quick] [--csv FILE]
# Builds the benches, runs them one after the other and prints the machine line, the CSV, and a
# table of the targets and the time it took.  Takes huge pages for as long as it runs if it may;
# BUILD names the build directory, CPU the processor to run on.  Fails if a bench does.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build-perf}
cpu=${CPU:-0}
quick=
csv=
pages=1900 # of 2 MB: a million sessions
while [ $# -gt 0 ]; do
	case $1 in
	--quick) quick=--quick ;;
	--csv) csv=${2:?--csv needs a file}; shift ;;
	*) echo "usage: $0 [--quick] [--csv FILE]" >&2; exit 2 ;;
	esac
	shift
done

if [ ! -d "$build" ]; then
	meson setup "$build" "$root" >/dev/null
fi
ninja -C "$build" >&2
start=$(date +%s)

nr=/proc/sys/vm/nr_hugepages
before=$(cat $nr)
out=$(mktemp)
trap 'rm -f "$out" "$out.whole"; [ "$(cat $nr)" = "$before" ] || echo "$before" >$nr' EXIT
trap 'exit 1' INT TERM
free_pages() { awk '/HugePages_Free/ { print $2 }' /proc/meminfo; }
huge=
if [ "$(free_pages)" -lt $pages ] && [ -w $nr ]; then
	echo $((before + pages)) 2>/dev/null >$nr || true
fi
if [ "$(free_pages)" -ge $pages ]; then
	huge=--huge
	memory="2 MB huge pages"
else
	memory="4 KB pages (no huge pages to be had)"
fi

version() { pkg-config --modversion "$1" 2>/dev/null || echo "?"; }
imb=$(sed -n 's/^#define IMB_VERSION_STR "\(.*\)"/\1/p' /usr/include/intel-ipsec-mb.h)
machine="# machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
machine="$machine, family $(sed -n 's/^cpu family[^:]*: //p' /proc/cpuinfo | head -n 1)"
machine="$machine model $(sed -n 's/^model[[:space:]]*: //p' /proc/cpuinfo | head -n 1)"
for flag in vaes avx512f gfni; do
	grep -qw $flag /proc/cpuinfo && machine="$machine +$flag" || machine="$machine -$flag"
done
machine="$machine; $(nproc) CPUs; load $(cut -d' ' -f1 /proc/loadavg); kernel $(uname -r)"
machine="$machine; $memory; DPDK $(version libdpdk); ipsec-mb $imb; OpenSSL $(version openssl)"
machine="$machine; $(cc --version | head -n 1)"
machine="$machine; $(meson introspect "$build" --buildoptions | python3 -c '
import json, sys
o = {x["name"]: x["value"] for x in json.load(sys.stdin)}
print("buildtype", o["buildtype"] + ", -march=" + o["march"])')"
machine="$machine; commit $(git -C "$root" describe --always --dirty 2>/dev/null || echo unknown)"

{
	echo "$machine"
	echo "bench,case,size_bytes,sessions,burst,cycles_per_pkt,mpps,gbps,ratio_name,ratio"
	for bench in path scale stage aead openssl cookie table replay install churn handoff \
		delay; do
		taskset -c "$cpu" "$build/perf/bench_$bench" $quick $huge
	done
	if grep -qw avx512f /proc/cpuinfo; then
		taskset -c "$cpu" "$build/perf/bench_path" --quick --avx2 $huge
	fi
	[ -n "$quick" ] || taskset -c "$cpu" "$build/perf/bench_psk" $huge
	for bench in handshake lcores idle flood; do # need CPUs of their own
		"$build/perf/bench_$bench" $quick $huge
	done
	: >"$out.whole" # not if a bench failed, whose status tee hides
} | tee "$out"
if [ ! -e "$out.whole" ]; then
	echo "$0: a bench failed" >&2
	exit 1
fi
if [ -n "$csv" ]; then
	cp "$out" "$csv"
fi
echo
awk -f "$root/perf/targets.awk" "$out"
echo "took $(($(date +%s) - start)) s"
