"""Raw Ethernet frames, sent and received with their tags, in a guest with Python.

    frames.py SENDER TAGS [-] RECEIVER...     sends one broadcast and prints what each receiver got

TAGS are VLAN ids, outermost first, as "10" or "10.20"; "-" for none; "vxlan77" or "vxlan77.10": in VXLAN 77 from 172.16.0.2 to
172.16.0.1.  A frame is printed as its tags, each as ID or ID/PRIORITY,
"untagged" if it has none; frames are sorted and separated by spaces; "nothing" if there is none.
"""

import errno
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
VXLAN_PORT = 4789
IN_VXLAN = 0                    # In place of a tag's TPID: what follows is in the VXLAN of that number.


def frame(src, dst, tags, payload):
    """A frame of our type; 'tags': (TPID, TCI), outermost first."""
    header = bytes.fromhex(dst.replace(":", "") + src.replace(":", ""))
    for tag in tags:
        header += struct.pack("!HH", *tag)
    return (header + struct.pack("!H", ETHERTYPE) + payload).ljust(60, b"\0")


def vxlan(vni, inner):
    """'inner', a frame, in another one."""
    udp = struct.pack("!HHHHII", 40000, VXLAN_PORT, 16 + len(inner), 0, 0x08000000, vni << 8) + inner
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, socket.IPPROTO_UDP, 0,
                     socket.inet_aton("172.16.0.2"), socket.inet_aton("172.16.0.1"))
    return bytes.fromhex("ffffffffffff0288b5000002") + struct.pack("!H", 0x0800) + ip + udp


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
        try:
            self.socket.send(data)
        except OSError as error:
            # What a filter at the egress of an internal port drops, the kernel says so of; its datapath does not.
            if error.errno != errno.ENOBUFS:
                raise

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
        while ethertype != ETHERTYPE:
            if ethertype in TPIDS:
                tags.append((ethertype, struct.unpack_from("!H", data, offset + 2)[0]))
                offset += 4
            elif ethertype == 0x0800 and len(data) > offset + 64 and data[offset + 11] == socket.IPPROTO_UDP \
                    and struct.unpack_from("!H", data, offset + 24)[0] == VXLAN_PORT:
                tags.append((IN_VXLAN, struct.unpack_from("!I", data, offset + 34)[0] >> 8))
                data = data[offset + 38:]
                offset = 12
            else:
                return None
            ethertype, = struct.unpack_from("!H", data, offset)
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
        if tpid == IN_VXLAN:
            words.append("vxlan%d" % tci)
            continue
        word = str(tci & 0xFFF)
        if tci >> 13:
            word += "/%d" % (tci >> 13)
        if tpid != 0x8100:
            word += "(%04x)" % tpid
        words.append(word)
    if not words or tags[-1][0] == IN_VXLAN:
        words.append("untagged")
    return ".".join(words)


def main():
    sender, tags = sys.argv[1:3]
    receivers = [Port(name) for name in sys.argv[3:]]
    words = [] if tags == "-" else tags.split(".")
    vni = int(words.pop(0)[5:]) if words and words[0].startswith("vxlan") else None
    data = frame("02:88:b5:00:00:01", "ff:ff:ff:ff:ff:ff", [(0x8100, int(word)) for word in words], b"one")
    Port(sender).send(data if vni is None else vxlan(vni, data))
    found = gather(receivers)
    for port in receivers:
        got = sorted(show_tags(each[2]) for name, each in found if name == port.name)
        print("%s: %s" % (port.name, " ".join(got) or "nothing"))


if __name__ == "__main__":
    main()
