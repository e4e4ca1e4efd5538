#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# gnutls-cli --udp: both certificates, both families.
. "$(dirname "$0")/lib.sh"

up
for kind in ECDSA RSA; do
	for address in $V4 $V6; do
		name=gnutls-$kind-$address
		lab_lines "$name" gnutls-cli --udp --x509cafile "$LAB_RUN/ca.pem" \
			--verify-hostname dtlsgw.example --logfile "$LAB_RUN/$name.info" \
			--priority "NORMAL:-KX-ALL:+ECDHE-$kind" -p 4433 "$address"
	done
done
expect /dtlsgw/stats installs 4
