#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends Binding requests from invented clients until it is ended, 2000 a second: more than an lcore
takes on, and fewer than overflow the queues on the way while nobody gets a CPU.

stun_flood.py INTERFACE GATEWAY-MAC    from every address of 198.51.100.0/24 and many ports
"""

import random
import socket
import struct
import sys
import time

GATEWAY, PORT = bytes([198, 51, 100, 1]), 4433
PAYLOAD = struct.pack("!HHI", 1, 0, 0x2112A442) + b"0123456789ab"


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def datagram(source, port):
    length = 8 + len(PAYLOAD)
    head = struct.pack("!HHH", port, PORT, length)
    pseudo = source + GATEWAY + struct.pack("!II", length, 17)
    udp = head + struct.pack("!H", checksum(pseudo + head + b"\0\0" + PAYLOAD) or 0xFFFF) + PAYLOAD
    ip = struct.pack("!BBHHHBB", 0x45, 0, 20 + length, 1, 0, 64, 17)
    ip += struct.pack("!H", checksum(ip + b"\0\0" + source + GATEWAY))
    return ip + source + GATEWAY + udp


def main():
    interface, mac = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", ""))
    rng = random.Random(1)
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind((interface, 0))
    ether = mac + link.getsockname()[4] + b"\x08\x00"
    print("ready", flush=True)
    while True:
        for _ in range(10):
            source = bytes([198, 51, 100, rng.randint(3, 254)])
            link.send(ether + datagram(source, rng.randint(1024, 65535)))
        time.sleep(0.005)


main()
