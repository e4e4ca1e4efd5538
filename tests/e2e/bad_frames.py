#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends frames that lie or are cut short, each for one drop reason.

bad_frames.py INTERFACE GATEWAY-MAC    prints "REASON FRAMES" after sending FRAMES, then reads a
                                       line
"""

import socket
import struct
import sys

CLIENT, GATEWAY = bytes([198, 51, 100, 2]), bytes([198, 51, 100, 1])
CLIENT6 = socket.inet_pton(socket.AF_INET6, "2001:db8:1::2")
GATEWAY6 = socket.inet_pton(socket.AF_INET6, "2001:db8:1::1")
PORT = 4433


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp(payload, port=PORT, length=None, add=0, src=CLIENT, dst=GATEWAY):
    length = 8 + len(payload) if length is None else length
    head = struct.pack("!HHH", 50000, port, length)
    pseudo = src + dst + struct.pack("!II", length, 17)
    value = checksum(pseudo + head + b"\0\0" + payload) or 0xFFFF
    return head + struct.pack("!H", (value + add) & 0xFFFF) + payload


def ipv4(payload, first=0x45, total=None, protocol=17, add=0, src=CLIENT, dst=GATEWAY,
         options=b""):
    total = 20 + len(options) + len(payload) if total is None else total
    head = struct.pack("!BBHHHBB", first, 0, total, 1, 0, 64, protocol)
    value = checksum(head + b"\0\0" + src + dst + options)
    return head + struct.pack("!H", (value + add) & 0xFFFF) + src + dst + options + payload


def ipv6(payload, first=0x60, length=None, header=17, src=CLIENT6, dst=GATEWAY6):
    length = len(payload) if length is None else length
    return struct.pack("!B3xHBB", first, length, header, 64) + src + dst + payload


def record(kind, fragment, length=None, epoch=0, version=0xFEFD):
    length = len(fragment) if length is None else length
    return struct.pack("!BHHHIH", kind, version, epoch, 0, 7, length) + fragment


def udp6(payload, **how):
    return udp(payload, src=CLIENT6, dst=GATEWAY6, **how)


def frames(mac, own):
    ether = lambda kind, data=b"", dst=mac: dst + own + struct.pack("!H", kind) + data
    v4 = lambda *args, **how: ether(0x0800, ipv4(*args, **how))
    v6 = lambda *args, **how: ether(0x86DD, ipv6(*args, **how))
    first = lambda values: [v4(udp(bytes([value]) + b"\xfe\xfd" + b"\0" * 20))
                            for value in values]
    data = record(23, b"x" * 40, epoch=1)
    datagram = udp(data)
    hello = struct.pack("!B3sH3s3s", 1, b"\0\0\x20", 0, b"\0\0\0", b"\0\0\x20") + b"\xff" * 32
    return {
        "eth_type": [ether(0x88B5, b"x" * 50)],
        "eth_address": [ether(0x0800, ipv4(datagram), dst=bytes([2, 0, 0, 0, 0, 9]))],
        "vlan": [ether(0x8100, struct.pack("!HH", 5, 0x0800) + ipv4(datagram))],
        "arp": [ether(0x0806, b"\0\1\x08\0")],
        "ip_header": [v4(datagram, first=0x44), v4(datagram, first=0x65), v4(datagram, total=2000),
                      v4(datagram, total=10), ether(0x0800, b"\x45" * 10),
                      v6(udp6(data), length=2000), ether(0x86DD, b"\x60" * 20)],
        "ip_checksum": [v4(datagram, add=1)],
        "ip_options": [v4(datagram, first=0x46, options=b"\1\1\1\1"), v6(b"\x11\0" * 20, header=0)],
        # Of UDP they would wait for the rest of their datagram.  AF_PACKET takes IPv4 fragments to
        # put them together, and truncated VLAN tags.
        "ip_fragment": [v6(b"\x06" + b"\0" * 30, header=44)],
        "fragment_len": [v6(b"\x11\0\x20\x01" + b"\0" * 28, header=44)],
        "ip_address": [v4(udp(data, dst=bytes([198, 51, 100, 9])), dst=bytes([198, 51, 100, 9])),
                       v4(udp(data, src=b"\xff" * 4), src=b"\xff" * 4),
                       v6(udp6(data), dst=CLIENT6)],
        "ip_protocol": [v4(datagram, protocol=6), v6(datagram, header=6)],
        "udp_header": [v4(datagram[:6]), v4(udp(data, length=4)), v4(udp(data, length=500)),
                       v6(udp6(data, length=500))],
        # Protected data rests on its tag instead.
        "udp_checksum": [v4(udp(record(22, hello), add=1)), v6(udp6(record(22, hello), add=1))],
        "udp_port": [v4(udp(data, port=4435)), v6(udp6(data, port=7))],
        "udp_empty": [v4(udp(b"")), v6(udp6(b""))],
        "stun": first(range(4)),
        "zrtp": first(range(16, 20)),
        "turn": first(range(64, 80)),
        "rtp": first(range(128, 192)),
        "first_byte": first((*range(4, 16), *range(80, 128), *range(192, 256))),
        "client_hello": [v4(udp(record(22, hello)))],
        "no_session": [v4(datagram), v6(udp6(data)), v4(udp(record(20, b"\1"))),
                       v4(udp(record(21, b"\2\x28"))), v4(udp(record(22, b"x" * 9, length=500))),
                       v4(udp(data[:12])), v4(udp(record(22, b"x", version=0x0303)))],
    }


def main():
    interface, mac = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", ""))
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    for reason, table in frames(mac, link.getsockname()[4]).items():
        for frame in table:
            link.send(frame)
        print(reason, len(table), flush=True)
        sys.stdin.readline()


main()
