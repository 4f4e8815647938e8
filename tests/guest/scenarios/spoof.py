"""Frames from made-up addresses.

    spoof.py DEVICE DESTINATION COUNT SEED    sends COUNT broadcasts or unicasts, each from an address of its own
"""

import random
import socket
import sys

ETHERTYPE = bytes.fromhex("88b5")       # For local experiments, IEEE 802.


def main(device, destination, count, seed):
    rng = random.Random(int(seed))
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind((device, 0))
    destination = bytes.fromhex(destination.replace(":", ""))
    for _ in range(int(count)):
        source = bytes([rng.randrange(256) & 0xfe]) + rng.randbytes(5)
        sender.send((destination + source + ETHERTYPE).ljust(60, b"\0"))


main(*sys.argv[1:])
