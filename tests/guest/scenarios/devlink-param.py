"""Sets a boolean parameter of devlink for good, where devlink(8) does nothing if it has the value already.

    devlink-param.py PCI-ADDRESS NAME true|false      prints the error and fails if the kernel refuses
"""

import os
import socket
import struct
import sys

NETLINK_GENERIC = 16
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
DEVLINK_CMD_PARAM_SET = 39
BUS_NAME, DEV_NAME = 1, 2
PARAM_NAME, PARAM_TYPE, PARAM_VALUE_DATA, PARAM_VALUE_CMODE = 81, 83, 86, 87
NLA_FLAG, CMODE_RUNTIME = 6, 0


def attribute(kind, data):
    """A netlink attribute, padded."""
    size = 4 + len(data)
    return struct.pack("HH", size, kind) + data + b"\0" * (-size % 4)


def ask(sock, family, command, attributes):
    """Sends a request; returns the first answer's payload after the generic header, or raises OSError."""
    body = struct.pack("BBH", command, 1, 0) + attributes
    sock.send(struct.pack("IHHII", 16 + len(body), family, 5, 1, 0) + body)
    data = sock.recv(65536)
    if struct.unpack_from("H", data, 4)[0] == 2:
        errno = -struct.unpack_from("i", data, 16)[0]
        if errno:
            raise OSError(errno, os.strerror(errno))
    return data[20:]


def family_of(sock, name):
    """The number of a family of generic netlink."""
    data = ask(sock, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, attribute(CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0"))
    sock.recv(65536)
    while data:
        size, kind = struct.unpack_from("HH", data)
        if kind == CTRL_ATTR_FAMILY_ID:
            return struct.unpack_from("H", data, 4)[0]
        data = data[(size + 3) & ~3:]
    raise OSError("no family " + name)


def main():
    address, name, value = sys.argv[1:]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as sock:
        family = family_of(sock, "devlink")
        attributes = (attribute(BUS_NAME, b"pci\0") + attribute(DEV_NAME, address.encode() + b"\0")
                      + attribute(PARAM_NAME, name.encode() + b"\0") + attribute(PARAM_TYPE, bytes([NLA_FLAG])))
        if value == "true":
            attributes += attribute(PARAM_VALUE_DATA, b"")
        try:
            ask(sock, family, DEVLINK_CMD_PARAM_SET, attributes + attribute(PARAM_VALUE_CMODE, bytes([CMODE_RUNTIME])))
        except OSError as error:
            sys.exit(error.strerror)


if __name__ == "__main__":
    main()
