#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# openssl s_client: both certificates, both suites, both families.
. "$(dirname "$0")/lib.sh"

up
for kind in ECDSA RSA; do
	for suite in AES128-GCM-SHA256 AES256-GCM-SHA384; do
		for address in $V4:4433 [$V6]:4433 $V4:4434 [$V6]:4434; do
			name=s_client-$kind-$suite-$address
			lab_lines "$name" openssl s_client -dtls1_2 -connect "$address" \
				-cipher "ECDHE-$kind-$suite" -CAfile "$LAB_RUN/ca.pem" \
				-verify_return_error -verify_hostname dtlsgw.example \
				-quiet -no_ign_eof
		done
	done
done
expect /dtlsgw/stats installs 16
expect /dtlsgw/stats sealed 48
expect /dtlsgw/drops alert 16
[ "$(telemetry get /dtlsgw/stats sessions)" -eq 0 ]
