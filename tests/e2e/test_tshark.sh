#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# tshark opens a capture with the gateway's key log and shows the plaintext.
. "$(dirname "$0")/lib.sh"

up "log: {keylog: gateway.keylog}"
keylog=$LAB_RUN/gateway.keylog
logged "keylog: "
capture wire "$LAB_CLIENT_NS" "udp port 4433"
lab_lines v4 openssl s_client -dtls1_2 -connect $V4:4433 -quiet -no_ign_eof
lab_lines v6 openssl s_client -dtls1_2 -connect "[$V6]:4433" -quiet -no_ign_eof
capture_end
[ "$(stat -c %a "$keylog")" = 600 ] || fail "the key log is open to others"
tshark -r "$LAB_RUN/wire.pcap" -o "tls.keylog_file:$keylog" -d udp.port==4433,dtls -x \
	>"$LAB_RUN/tshark.txt" 2>"$LAB_RUN/tshark.log"
for family in v4 v6; do
	for i in 1 2 3; do
		[ "$(grep -c "line $i to $family" "$LAB_RUN/tshark.txt")" -eq 2 ] ||
			fail "tshark does not show line $i to $family both ways"
	done
done
"$TOOLS/nonce_oracle" --capture "$LAB_RUN/wire.pcap" --keylog "$keylog"
