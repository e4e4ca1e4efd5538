#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Every size of datagram from 0 to what fits an MTU of 1500, then random ones, byte for byte.
. "$(dirname "$0")/lib.sh"

up
# 1500 less IP and UDP headers and the 37 bytes of a record.
dtls_client $V4 4433 --min 0 --max 1435 --rounds 2 --random 2000 --timeout 100
dtls_client $V6 4434 --min 0 --max 1415 --rounds 2 --random 2000 --timeout 100
# The backend's side is the other family.
dtls_client $V4 4434 --min 0 --max 1435 --timeout 60 --cipher ECDHE-RSA-AES256-GCM-SHA384
dtls_client $V6 4433 --min 0 --max 1415 --timeout 60 --cipher ECDHE-ECDSA-AES256-GCM-SHA384
