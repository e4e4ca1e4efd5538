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
		echo "set terminal pngcairo noenhanced size 900,600"
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

# level SSL_CALL FILE X...: the call's cycles at 64 bytes, as a line over these x.
level() {
	cycles=$(pick openssl "$1" 3 '$3 == 64' | cut -d' ' -f2)
	file=$2
	shift 2
	for x in "$@"; do
		echo "$x $cycles"
	done >"$file"
}

for side in seal open; do
	ssl=SSL_write
	[ $side = seal ] || ssl=SSL_read
	for case in "" _offload _offload:io _offload:aead _offload:limit; do
		pick path "${side}_ipv4$case" 3 '$5 == 32' >"$tmp/size$case"
		pick path "${side}_ipv4$case" 5 '$3 == 64' >"$tmp/burst$case"
	done
	pick openssl $ssl 3 1 >"$tmp/openssl"
	level $ssl "$tmp/openssl_burst" 1 64
	level $ssl "$tmp/openssl_sessions" 256 1000000
	plot ${side}_size "$side path, 256 sessions, burst 32" "UDP payload, bytes" "" \
		"$side path, checksum offload=$tmp/size_offload" \
		"$side path, checksums in software=$tmp/size" "limit=$tmp/size_offload:limit" \
		"ipsec-mb alone=$tmp/size_offload:aead" "I/O alone=$tmp/size_offload:io" \
		"OpenSSL $ssl, no I/O=$tmp/openssl"
	plot ${side}_burst "$side path, 256 sessions, 64 bytes" "burst" "" \
		"$side path, checksum offload=$tmp/burst_offload" \
		"$side path, checksums in software=$tmp/burst" "limit=$tmp/burst_offload:limit" \
		"ipsec-mb alone=$tmp/burst_offload:aead" "OpenSSL $ssl, no I/O=$tmp/openssl_burst"
	for law in uniform zipf; do
		for case in "" :limit :aead; do
			pick scale ${side}_$law$case 4 1 >"$tmp/$law$case"
		done
	done
	plot ${side}_sessions "$side path, 64 bytes, burst 32" "sessions touched" "set logscale x" \
		"uniform=$tmp/uniform" "limit, uniform=$tmp/uniform:limit" \
		"ipsec-mb alone, uniform=$tmp/uniform:aead" "Zipf=$tmp/zipf" \
		"limit, Zipf=$tmp/zipf:limit" \
		"OpenSSL $ssl, no I/O, 1 session=$tmp/openssl_sessions"
done
