#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A session without traffic ends after the idle timeout, with a close_notify; traffic keeps it.
. "$(dirname "$0")/lib.sh"

up "limits: {idle_timeout_s: 2}"
# Some 5 s of traffic on one session: a lost echo costs the client 500 ms.
start=$(date +%s%N)
proxy proxy 5000 --loss 30
dtls_client 127.0.0.1 5000 --max 20 --window 1 --lossy --quiet 500 --timeout 60
[ $(($(date +%s%N) - start)) -ge 3000000000 ] || fail "the seed loses too little to take long"
start=$(date +%s%N)
dtls_client $V6 4433 --max 20 --hold 10 | tee "$LAB_RUN/client.log"
grep -q "closed 0 by close_notify" "$LAB_RUN/client.log"
[ $(($(date +%s%N) - start)) -ge 2000000000 ] || fail "ended before the timeout"
logged "idle timeout"
expect /dtlsgw/stats installs 2
[ "$(telemetry get /dtlsgw/stats sessions)" -eq 0 ]
