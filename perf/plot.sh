#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# perf/plot.sh CSV DIR: draws a full run of perf/run.sh as PNG.  Needs gnuplot.
set -eu
csv=${1:?CSV} dir=${2:?directory}
mkdir -p "$dir"

# pick BENCH CASE COLUMN FILTER: "x cycles" lines.
pick() {
	awk -F, -v b="$1" -v c="$2" -v x="$3" "\$1 == b && \$2 == c && ($4) { print \$x, \$6 }" \
		"$csv" | sort -n
}

# plot FILE TITLE XLABEL LOG TITLE=FILE...
plot() {
	file=$1 title=$2 xlabel=$3 log=$4
	shift 4
	{
		echo "set terminal pngcairo size 900,600"
		echo "set output '$dir/$file.png'"
		echo "set title '$title'; set xlabel '$xlabel'; set ylabel 'TSC cycles a packet'"
		echo "set key top left; set grid; set yrange [0:*]; $log"
		printf 'plot '
		for curve in "$@"; do
			printf "'%s' with linespoints title '%s', " "${curve#*=}" "${curve%%=*}"
		done
		echo
	} | gnuplot
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for side in seal open; do
	ssl=SSL_write
	[ $side = seal ] || ssl=SSL_read
	for case in "" :io :aead :limit; do
		pick path "${side}_ipv4$case" 3 '$5 == 32' >"$tmp/size$case"
		pick path "${side}_ipv4$case" 5 '$3 == 64' >"$tmp/burst$case"
	done
	pick openssl $ssl 3 1 >"$tmp/openssl"
	plot ${side}_size "$side path, 256 sessions, burst 32" "UDP payload, bytes" "" \
		"$side path=$tmp/size" "limit=$tmp/size:limit" "ipsec-mb alone=$tmp/size:aead" \
		"I/O alone=$tmp/size:io" "OpenSSL $ssl, no I/O=$tmp/openssl"
	plot ${side}_burst "$side path, 256 sessions, 64 bytes" "burst" "" \
		"$side path=$tmp/burst" "limit=$tmp/burst:limit" "ipsec-mb alone=$tmp/burst:aead"
	for law in uniform zipf; do
		pick scale ${side}_$law 4 1 >"$tmp/$law"
		pick scale ${side}_$law:limit 4 1 >"$tmp/$law:limit"
	done
	plot ${side}_sessions "$side path, 64 bytes, burst 32" "sessions touched" "set logscale x" \
		"uniform=$tmp/uniform" "limit, uniform=$tmp/uniform:limit" \
		"Zipf=$tmp/zipf" "limit, Zipf=$tmp/zipf:limit"
done
