#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# perf/floors.sh
# Fails if the quick benches are worse than 15 % below their target or below the committed run,
# whichever is easier.  A figure has three runs to reach its floor, because others may use the
# machine.  BUILD and CPU as for run.sh.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
for run in 1 2 3; do
	"$root/perf/run.sh" --quick --csv "$dir/$run.csv" >"$dir/log" 2>&1 ||
		{ tail -n 20 "$dir/log" && exit 1; }
	echo "run $run $(tail -n 1 "$dir/log"): $(head -n 1 "$dir/$run.csv")"
	if awk -v floors=1 -f "$root/perf/targets.awk" "$root/perf/results/committed.csv" \
		"$dir"/[123].csv; then
		echo "every figure reached its floor"
		exit 0
	fi
done
exit 1
