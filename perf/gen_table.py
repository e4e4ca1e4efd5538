#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""gen_table.py OUT NAME...: reads the reports NAME.json of dtlsgw-gen, writes them as one list to
OUT, and prints what each case found, with the ratio of the first server to the others."""
import json
import sys


def found(report):
    """(direction, size) -> the case, and the result of its stream that got the least through."""
    cases = {}
    for case in report["cases"]:
        result = case["result"]
        streams = [result[s] for s in ("up", "down", "echo") if s in result] if result else []
        cases[case["direction"], case["size"]] = (
            case,
            min(streams, key=lambda s: s["received_pps"]) if streams else None,
        )
    return cases


def main():
    out, *names = sys.argv[1:]
    reports = [json.load(open(name + ".json")) for name in names]
    with open(out, "w") as f:
        json.dump(reports, f, indent=2)
        f.write("\n")
    tables = [(r["label"], found(r)) for r in reports]
    first = tables[0][1]
    print()
    print(f"{'server':10} {'direction':9} {'size':12} {'packets/s':>11} {'Mbit/s':>9} "
          f"{'p50 us':>8} {'p99 us':>8} {'limit':>10} {'dtlsgw is':>10}")
    for key in first:
        for label, table in tables:
            if key not in table:
                continue
            case, stream = table[key]
            if stream is None:
                print(f"{label:10} {key[0]:9} {key[1]:12} no rate passes")
                continue
            (base_case, base), ratio = first[key], ""
            if table is not first and base and stream["received_pps"] > 0:
                # What the generator could not find out may be more.
                more = ">= " if base_case["limited_by"] == "generator" else ""
                ratio = f"{more}{base['received_pps'] / stream['received_pps']:.2f} x"
            print(f"{label:10} {key[0]:9} {key[1]:12} {stream['received_pps']:11.0f} "
                  f"{stream['payload_bps'] / 1e6:9.1f} {stream['delay_ns']['p50'] / 1e3:8.1f} "
                  f"{stream['delay_ns']['p99'] / 1e3:8.1f} {case['limited_by']:>10} {ratio:>10}")


main()
