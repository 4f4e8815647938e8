"""Raw Ethernet frames, sent and received with their tags, in a guest with Python.

    frames.py SENDER TAGS [-] RECEIVER...     sends one broadcast and prints what each receiver got

TAGS are VLAN ids, outermost first, as "10" or "10.20"; "-" for none.  A frame is printed as its tags, each as ID or ID/PRIORITY,
"untagged" if it has none; frames are sorted and separated by spaces; "nothing" if there is none.
"""

import select
import socket
import struct
import sys

ETHERTYPE = 0x88B5              # For local experiments, IEEE 802.
ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
TPIDS = (0x8100, 0x88A8)


def frame(src, dst, tags, payload):
    """A frame of our type; 'tags': (TPID, TCI), outermost first."""
    header = bytes.fromhex(dst.replace(":", "") + src.replace(":", ""))
    for tag in tags:
        header += struct.pack("!HH", *tag)
    return (header + struct.pack("!H", ETHERTYPE) + payload).ljust(60, b"\0")


class Port:
    """A network device whose frames of our type are seen and that can send."""

    def __init__(self, name):
        self.name = name
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((name, ETH_P_ALL))
        # PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC
        self.socket.setsockopt(SOL_PACKET, 1, struct.pack("IHH8s", socket.if_nametoindex(name), 1, 0, b""))

    def send(self, data):
        self.socket.send(data)

    def receive(self):
        """One frame as (dst, src, tags, payload), or None if it is none of ours or was sent by this host."""
        data, control, _, address = self.socket.recvmsg(65536, 256)
        if address[2] == PACKET_OUTGOING:
            return None
        tags = []
        for level, kind, value in control:
            if level == SOL_PACKET and kind == PACKET_AUXDATA:
                status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value[:20])
                if status & TP_STATUS_VLAN_VALID:
                    tags.append((tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100, tci))
        offset = 12
        ethertype, = struct.unpack_from("!H", data, offset)
        while ethertype in TPIDS:
            tags.append((ethertype, struct.unpack_from("!H", data, offset + 2)[0]))
            offset += 4
            ethertype, = struct.unpack_from("!H", data, offset)
        if ethertype != ETHERTYPE:
            return None
        return data[0:6].hex(":"), data[6:12].hex(":"), tuple(tags), data[offset + 2:]


def gather(ports, quiet=0.3):
    """What came until nothing has come for 'quiet' seconds: (name of the port, frame) each."""
    by_socket = {port.socket: port for port in ports}
    found = []
    while True:
        ready, _, _ = select.select(list(by_socket), [], [], quiet)
        if not ready:
            return found
        for ready_socket in ready:
            got = by_socket[ready_socket].receive()
            if got:
                found.append((by_socket[ready_socket].name, got))


def show_tags(tags):
    """Tags as a person reads them."""
    words = []
    for tpid, tci in tags:
        word = str(tci & 0xFFF)
        if tci >> 13:
            word += "/%d" % (tci >> 13)
        if tpid != 0x8100:
            word += "(%04x)" % tpid
        words.append(word)
    return ".".join(words) or "untagged"


def main():
    sender, tags = sys.argv[1:3]
    receivers = [Port(name) for name in sys.argv[3:]]
    tags = [] if tags == "-" else [(0x8100, int(tag)) for tag in tags.split(".")]
    Port(sender).send(frame("02:88:b5:00:00:01", "ff:ff:ff:ff:ff:ff", tags, b"one"))
    found = gather(receivers)
    for port in receivers:
        got = sorted(show_tags(each[2]) for name, each in found if name == port.name)
        print("%s: %s" % (port.name, " ".join(got) or "nothing"))


if __name__ == "__main__":
    main()
