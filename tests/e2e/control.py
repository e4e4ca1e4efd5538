#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A client of the control socket, for the tests.

control.py SOCKET get REQUEST KEY...   asks and prints the values of the answer
control.py SOCKET watch                prints what comes until the gateway closes
control.py SOCKET refused UID          true if the user may not connect
"""

import json
import os
import socket
import sys


def connect(path):
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.connect(path)
    return link.makefile("rw")


def get(path, request, keys):
    link = connect(path)
    print(request, file=link, flush=True)
    answer = json.loads(link.readline())
    print(*(answer.get(key, "-") for key in keys))


def watch(path):
    link = connect(path)
    print('{"command": "watch"}', file=link, flush=True)
    for line in link:
        print(line, end="", flush=True)


def refused(path, uid):
    os.seteuid(int(uid))
    try:
        connect(path)
    except PermissionError:
        return
    sys.exit(f"user {uid} may connect")


def main():
    path, what, *args = sys.argv[1:]
    if what == "get":
        get(path, args[0], args[1:])
    elif what == "watch":
        watch(path)
    elif what == "refused":
        refused(path, args[0])
    else:
        sys.exit(__doc__)


main()
