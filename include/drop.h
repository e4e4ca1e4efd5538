// SPDX-License-Identifier: BSD-3-Clause
#ifndef DTLSGW_DROP_H
#define DTLSGW_DROP_H

// Every reason for which a packet or record ends without being sent, punted or handed off.
// A new reason is a line here and a test that makes it count one.
#define DROP_REASONS(X)                                                                            \
	X(ETH_TRUNCATED, "frame shorter than its Ethernet or VLAN header")                         \
	X(ETH_TYPE, "EtherType that is not ARP, IPv4 or IPv6")                                     \
	X(ETH_ADDRESS, "MAC address of another host, or a group as the source")                    \
	X(VLAN, "VLAN tag that the port does not serve")                                           \
	X(CHAINED, "frame larger than one mbuf")                                                   \
	X(ARP, "malformed ARP")                                                                    \
	X(IP_HEADER, "truncated or inconsistent IP header")                                        \
	X(IP_CHECKSUM, "bad IPv4 header checksum")                                                 \
	X(IP_OPTIONS, "IPv4 options or IPv6 extension header")                                     \
	X(IP_FRAGMENT, "IP fragment on the inside, of another protocol than UDP, or malformed")    \
	X(FRAGMENT_LEN, "IP fragment of a datagram over the configured length")                    \
	X(FRAGMENT_FULL, "IP fragment while too many datagrams are incomplete")                    \
	X(FRAGMENT_OVERLAP, "IP fragments that overlap or repeat, or are too many of a datagram")  \
	X(FRAGMENT_TIMEOUT, "IP fragment whose datagram did not become whole in time")             \
	X(IP_ADDRESS, "IP address that is not the gateway's, or no unicast source")                \
	X(IP_PROTOCOL, "IP protocol that is not UDP or ICMP")                                      \
	X(UDP_HEADER, "truncated or inconsistent UDP header")                                      \
	X(UDP_CHECKSUM, "bad UDP checksum")                                                        \
	X(UDP_PORT, "UDP port on which nothing listens")                                           \
	X(UDP_EMPTY, "empty datagram on the outside, or from a media server")                      \
	X(STUN, "STUN without media server, or no Binding request of a new flow")                  \
	X(RTP, "RTP or RTCP without media server, or of a flow without relay and session")         \
	X(ZRTP, "ZRTP")                                                                            \
	X(TURN, "TURN channel data")                                                               \
	X(FIRST_BYTE, "first byte of no protocol that is expected there")                          \
	X(RELAY_FULL, "STUN or RTP of a new flow while there are too many relays")                 \
	X(RECORD, "malformed record header, or record longer than its datagram")                   \
	X(RECORD_TYPE, "content type or version that has no place in a session")                   \
	X(CLIENT_HELLO, "malformed ClientHello")                                                   \
	X(EPOCH_0, "record of epoch 0 for a session that is past it")                              \
	X(EPOCH, "record of an epoch that has no keys")                                            \
	X(NO_SESSION, "record of an unknown flow")                                                 \
	X(HALF_OPEN, "ClientHello while too many handshakes are under way")                        \
	X(ADDRESS_HALF_OPEN, "ClientHello while its address has too many handshakes under way")    \
	X(TABLE_FULL, "no free entry in the lcore's table")                                        \
	X(RECORD_LEN, "protected record too short or too long")                                    \
	X(REPLAY, "sequence number seen before or left of the window")                             \
	X(BAD_TAG, "record that does not authenticate")                                            \
	X(ALERT, "authenticated alert, acted upon or ignored")                                     \
	X(HANDSHAKE, "authenticated handshake record that is refused")                             \
	X(SESSION_ENDED, "record of a session that ended in the same burst")                       \
	X(SEQ_LIMIT, "session at its sequence number or AEAD limit")                               \
	X(NO_NAT, "reply to a gateway port without session or relay")                              \
	X(BACKEND, "reply from an address that is not the backend or media server")                \
	X(TOO_BIG, "datagram that does not fit the MTU on the other side")                         \
	X(NO_NEIGHBOUR, "next hop without a known MAC address")                                    \
	X(NO_MBUF, "mempool empty")                                                                \
	X(PUNT_RATE, "ARP, NDP, ICMP, new relays or records of a handshake over their rate")       \
	X(PUNT_FULL, "punt ring full")                                                             \
	X(HANDOFF_FULL, "handoff ring full")                                                       \
	X(TX_FULL, "transmit queue full")

enum drop {
#define X(name, text) DROP_##name,
	DROP_REASONS(X)
#undef X
		DROP_NB
};

// For style and loops: DROP_FOREACH(r) visits every reason.
#define DROP_FOREACH(r) for (enum drop r = 0; r < DROP_NB; r++)

// Lower-case name as operators see it ("bad_tag"), and its sentence.
const char *drop_name(enum drop reason);
const char *drop_text(enum drop reason);

#endif
