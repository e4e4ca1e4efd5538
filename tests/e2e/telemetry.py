#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counters of a running gateway, for the tests.

telemetry.py PREFIX get COMMAND KEY            prints one value
telemetry.py PREFIX await COMMAND KEY N        until the value is N or more, at most 10 s
telemetry.py PREFIX zero COMMAND KEY           until the value is 0, at most 10 s
telemetry.py PREFIX refused COMMAND            the answer is null
telemetry.py PREFIX sum                        rx = tx + punt + handoff + drops on every lcore
"""

import json
import socket
import sys
import time

LEFT = ("rx", "handoff_in", "inject", "split", "made", "reassembled")
RIGHT = ("tx", "punt", "handoff", "merged", "fragments")


class Gateway:
    """The telemetry socket of the DPDK process with a file prefix."""

    def __init__(self, prefix):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(f"/run/dpdk/{prefix}/dpdk_telemetry.v2")
        self.size = json.loads(self.socket.recv(1024))["max_output_len"]

    def answer(self, command):
        self.socket.send(command.encode())
        return next(iter(json.loads(self.socket.recv(self.size)).values()))

    def ask(self, command):
        value = self.answer(command)
        if value is None:
            sys.exit(f"{command}: no answer")
        return value


def wait(condition, seconds):
    """Asks again and again: counters have no event to wait for."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def check_sum(gateway):
    """An answer may fall into a poll, so a difference must persist to count."""
    for lcore in range(gateway.ask("/dtlsgw/stats")["lcores"]):
        stats = {}

        def even():
            stats.update(gateway.ask(f"/dtlsgw/stats,lcore={lcore}"))
            left = sum(stats[k] for k in LEFT)
            right = sum(stats[k] for k in RIGHT)
            drops = sum(gateway.ask(f"/dtlsgw/drops,lcore={lcore}").values())
            return left == right + drops and stats["left"] == left

        if not wait(even, 3):
            sys.exit(f"lcore {lcore}: the sum is wrong: {stats}")
        print(f"lcore {lcore}: {stats['left']} in, {stats['right']} out")


def main():
    gateway, (what, *args) = Gateway(sys.argv[1]), sys.argv[2:]
    if what == "get":
        print(gateway.ask(args[0])[args[1]])
    elif what == "await":
        if not wait(lambda: gateway.ask(args[0])[args[1]] >= int(args[2]), 10):
            sys.exit(f"{args[0]} {args[1]} is {gateway.ask(args[0])[args[1]]}, not {args[2]}")
    elif what == "zero":
        if not wait(lambda: gateway.ask(args[0])[args[1]] == 0, 10):
            sys.exit(f"{args[0]} {args[1]} is {gateway.ask(args[0])[args[1]]}, not 0")
    elif what == "refused":
        if (answer := gateway.answer(args[0])) is not None:
            sys.exit(f"{args[0]}: {answer}")
    elif what == "sum":
        check_sum(gateway)
    else:
        sys.exit(__doc__)


main()
