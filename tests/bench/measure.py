#!/usr/bin/python3
"""Measures a patched ovs-vswitchd against a stock one; see "run", which calls
this in a network namespace of its own.  Here are the rows xlate and attach; in
scale.py are those about 1,024 ports that exist; both measure the switches of
switch.py.

Only ratios are worth much here, and those only when both sides ran at the same
time on the same machine: the machine may be shared, and its speed vary by more
than what is to be seen.  So both daemons are up together, take turns every few
hundred milliseconds, the ratio is taken turn by turn, and the median of these
counts.  The daemons are started anew a few times, since where a process
happens to have its memory makes a difference, too, which stays as long as it
runs.
"""

import argparse
import array
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import time

import scale
from switch import (bridge, die, Programs, stop_all, Switch, until_attached,
                    wait_until, world)

VF_COUNT = 64           # Ports that the connections come in at.
CONNECTIONS = 96        # At each of them, in a turn.
TURNS = 12              # Of each daemon, in a start.

SIOCOUTQ = 0x5411       # linux/sockios.h: bytes that the peer has not read.


#
# Rows "xlate": upcalls that the main thread handles in a second of its CPU
# time.  In the userspace datapath the main thread does for a dummy port what
# the kernel and a handler thread do for others: it receives, looks the flow
# up, translates, installs, and executes.
#
# What counts is the ratio of new connections a second, which is that of upcalls
# where both sides need as many for a connection.  With "local" and "hash" they
# do not: stock recirculates, and its second upcall, which only outputs, is so
# cheap that it makes the average upcall look better than the single one that
# does everything.  What the steering itself costs is in the row "steer".
#

VFS = ["pf%dvf%d" % (i % 2, i // 2) for i in range(VF_COUNT)]
DEST = "50:54:00:00:00:01"


def frames(vf, turn):
    """CONNECTIONS TCP packets, each of another connection, as the stream of a
    dummy port wants them."""
    out = []
    eth = (bytes.fromhex(DEST.replace(":", ""))
           + bytes.fromhex("505400000100")[:5] + bytes([vf]) + b"\x08\x00")
    for i in range(CONNECTIONS):
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0,
                         bytes([10, 0, 1, vf]), bytes([10, 0, 0, 1]))
        total = sum(struct.unpack("!10H", ip))
        total = (total & 0xffff) + (total >> 16)
        total = ~((total & 0xffff) + (total >> 16)) & 0xffff
        ip = ip[:10] + struct.pack("!H", total) + ip[12:]
        tcp = struct.pack("!HHIIBBHHH", 1024 + i, 1024 + turn, 0, 0, 0x50,
                          0x10, 1024, 0, 0)
        frame = eth + ip + tcp
        frame += bytes(60 - len(frame))
        out.append(struct.pack("!H", len(frame)) + frame)
    return b"".join(out)


class Subject:
    """A switch that upcalls are measured on.

    br0 has the uplinks p0 and p1 (with 'kind' "port", just p0), and the VFs'
    ports.  There are many of these since the main loop takes one packet of
    each port in a round: what a round costs by itself shall not count for
    much.  For LACP, the partner is another process, whose work is not counted.
    """

    def __init__(self, programs, folder, kind, offload, partner):
        self.switch = Switch(programs, folder)
        self.turn = 0
        args = ["add-br", "br0",
                "--", "set", "Bridge", "br0", "datapath_type=dummy"]
        # Revalidation takes the locks that upcalls need; keep it rare, and
        # let no flow expire in a turn.
        args += ["--", "set", "Open_vSwitch", ".",
                 "other_config:max-idle=600000",
                 "other_config:n-revalidator-threads=1"]
        if offload:
            # Of no use to an xlate, and the userspace datapath would hand each
            # flow to an offload thread, which stock does not do here.
            args += ["other_config:hw-offload=false",
                     "other_config:sriov-auto-add=false"]
        if kind == "port":
            args += ["--", "add-port", "br0", "p0"]
        else:
            args += ["--", "add-bond", "br0", "bond0", "p0", "p1",
                     "other_config:bond-rebalance-interval=0"]
            args += {"slb": ["bond_mode=balance-slb"],
                     "tcp": ["bond_mode=balance-tcp", "lacp=active"]}[kind]
            if offload:
                args += ["other_config:bond-offload=" + offload]
        listening = list(VFS)
        if kind == "tcp":
            listening += ["p0", "p1"]
        for vf in VFS:
            args += ["--", "add-port", "br0", vf]
        for port in listening:
            args += ["--", "set", "Interface", port, "type=dummy",
                     "options:pstream=punix:%s/%s.sock" % (folder, port)]
        self.switch.vsctl(*args)
        if offload:
            self.switch.load(world(VF_COUNT // 2))
        for port in listening:
            self.switch.wait_for(port + ".sock")
        self.switch.appctl("netdev-dummy/set-admin-state", "up")

        if kind == "tcp":
            self.connect_partner(partner)
        if kind != "port":
            wait_until("all members of the bond are enabled", self.bond_is_up)
        if offload:
            wait_until("bond-offload is " + offload, lambda: re.search(
                "bond-offload: *" + offload,
                self.switch.appctl("bond/show", "bond0")))
        # An address that is learned would age.
        self.switch.appctl("fdb/add", "br0", "p0", "0", DEST)
        self.switch.appctl("upcall/disable-megaflows")
        # The limit starts low and grows by itself, at another pace each time.
        self.switch.appctl("upcall/set-flow-limit", "100000")

        # A name of a socket is 107 bytes at most; the folder's may be longer.
        folder_fd = os.open(folder, os.O_PATH)
        self.sockets = []
        for vf in VFS:
            s = socket.socket(socket.AF_UNIX)
            s.connect("/proc/self/fd/%d/%s.sock" % (folder_fd, vf))
            self.sockets.append(s)
        os.close(folder_fd)
        self.run_turn()         # Warms up.

    def connect_partner(self, partner):
        name = os.path.basename(self.switch.dir)
        args = ["add-br", name, "--", "set", "Bridge", name,
                "datapath_type=dummy", "fail_mode=secure",
                "--", "add-bond", name, name + "-b", name + "0", name + "1",
                "bond_mode=balance-tcp", "lacp=active"]
        for i in "01":
            args += ["--", "set", "Interface", name + i, "type=dummy",
                     "options:stream=unix:%s/p%s.sock" % (self.switch.dir, i)]
        partner.vsctl(*args)
        partner.appctl("netdev-dummy/set-admin-state", "up")

    def bond_is_up(self):
        text = self.switch.appctl("bond/show", "bond0")
        return (len(re.findall("member p[01]: enabled", text)) == 2
                and "lacp_status: configured" not in text)

    def upcalls(self):
        text = self.switch.appctl("dpif-netdev/pmd-stats-show")

        def total(what):
            return sum(map(int, re.findall(what + r": (\d+)", text)))
        if total("miss with failed upcall"):
            die("an upcall failed on " + self.switch.dir)
        return total("packets received"), total("miss with success upcall")

    def unread(self):
        size = array.array("i", [0])
        for s in self.sockets:
            fcntl.ioctl(s, SIOCOUTQ, size)
            if size[0]:
                return True
        return False

    def run_turn(self):
        """Returns upcalls in a second of CPU time, connections in a second of
        it, and upcalls for a connection."""
        data = [frames(vf, self.turn) for vf in range(VF_COUNT)]
        self.turn += 1
        before = self.upcalls()
        time.sleep(0.01)        # Until the above is over and done with.
        start = self.switch.cpu()
        for s, frame in zip(self.sockets, data):
            s.sendall(frame)
        while self.unread():
            time.sleep(0.002)
        time.sleep(0.02)        # Those that were read but are still queued.
        cpu = self.switch.cpu() - start
        after = self.upcalls()
        count = VF_COUNT * CONNECTIONS
        got = after[1] - before[1]
        if after[0] - before[0] < count or got < count:
            die("of %d packets %d came in, with %d upcalls"
                % (count, after[0] - before[0], got))
        self.switch.appctl("revalidator/purge")
        return got / cpu, count / cpu, got / count

    def close(self):
        for s in self.sockets:
            s.close()


# Name, what it shows, kind of port, bond-offload of the patched side.
XLATE = [
    ("control", "stock against stock", "port", None),
    ("port", "to a port", "port", None),
    ("slb", "to a balance-slb bond", "slb", None),
    ("tcp", "to a balance-tcp bond with LACP", "tcp", None),
    ("steer", "like slb, patched: bond-offload=local", "slb", "local"),
    ("local", "like tcp, patched: bond-offload=local", "tcp", "local"),
    ("hash", "like tcp, patched: bond-offload=hash", "tcp", "hash"),
]


def xlate(name, text, kind, offload, stock, patched, work, starts):
    sides = {"stock": [], "patched": []}
    for start in range(starts):
        partner = None
        if kind == "tcp":
            partner = Switch(stock, os.path.join(work, "partner"))
        setups = {"stock": (stock, os.path.join(work, "s"), kind, None),
                  "patched": (stock if name == "control" else patched,
                              os.path.join(work, "p"), kind, offload)}
        # Neither side must always be the one that is started second.
        subjects = {side: Subject(*setups[side], partner)
                    for side in sorted(setups, reverse=(start % 2 == 0))}
        for turn in range(TURNS):
            # Nor who comes second in a turn.
            for side in sorted(sides, reverse=(turn % 2 == 0)):
                sides[side].append(subjects[side].run_turn())
        for subject in subjects.values():
            subject.close()
        stop_all()

    def ratios(i):
        return [p[i] / s[i] for s, p in zip(sides["stock"], sides["patched"])]

    row = {"row": name, "text": text}
    for side, turns in sides.items():
        row[side] = {
            "upcalls_per_cpu_second": statistics.median(t[0] for t in turns),
            "connections_per_cpu_second":
                statistics.median(t[1] for t in turns),
            "upcalls_per_connection": statistics.median(t[2] for t in turns)}
    quartiles = statistics.quantiles(ratios(1), n=4)
    row["ratio"] = statistics.median(ratios(1))
    row["ratio_quartiles"] = [quartiles[0], quartiles[2]]
    row["upcalls_ratio"] = statistics.median(ratios(0))
    row["turns"] = len(sides["stock"])
    return row


#
# Row "attach": seconds until N new ports have an ofport.
#

def attach(n, patched, debian, calls, work):
    def by_one_call():
        args = []
        for vf in range(n):
            args += ["--", "add-port", "br0", "pf0vf%d" % vf]
        switch.vsctl(*args)

    def by_us():
        switch.load(world(n, 1))

    samples = {by_one_call: [], by_us: []}
    for round_ in range(5 if n < 1000 else 3):
        for how, times in samples.items():
            switch = bridge(patched, os.path.join(work, "p"))
            times.append(until_attached(switch, n, how))
            stop_all()
    one, us = samples.values()
    row = {"row": "attach", "ports": n,
           "one_call_seconds": statistics.median(one),
           "cx_sriov_seconds": statistics.median(us),
           "ratio": statistics.median(u / o for u, o in zip(us, one))}
    if calls:
        switch = bridge(debian, os.path.join(work, "s"))
        start = time.monotonic()
        subprocess.run(
            ["sh", "-ec", 'vf=0; while [ $vf -lt %d ]; do "$@" add-port br0 '
             'pf0vf$vf; vf=$((vf + 1)); done' % n, "sh",
             debian.tools("ovs-vsctl"), "--db=" + switch.db],
            env=switch.env, check=True)
        row["n_calls_seconds"] = time.monotonic() - start
        row["n_calls_to_cx_sriov"] = (row["n_calls_seconds"]
                                      / row["cx_sriov_seconds"])
        stop_all()
    return row


#
# Row "setup": what guest/setup.sh found, in a guest whose clock counts
# instructions.
#

SETUP_NS_PER_INSTRUCTION = 4    # start_qemu in tests/guest/common.sh.
SETUP_SIDES = [
    ("off", "ours, sriov=false and hw-offload=false"),
    ("again", "the same again"),
    ("package", "the distribution's own, hw-offload off"),
    ("default", "ours, defaults in force"),
]


def setup(path):
    samples = {}
    with open(path) as f:
        for line in f:
            if line.startswith("setup ") and line.split()[3].isdigit():
                side, flows, ns = line.split()[1:]
                samples.setdefault(side, []).append(int(ns) / int(flows))
    ns = {side: statistics.median(values) for side, values in samples.items()}
    row = {"row": "setup"}
    for side in samples:
        row[side] = {
            "median_ns": ns[side],
            "spread": (max(samples[side]) - min(samples[side])) / ns[side],
            "rate_ratio": ns["off"] / ns[side],
            "rate_ratio_to_package": ns["package"] / ns[side]}
    return row


#
# What is printed.
#

XLATE_HEAD = """\
xlate: new connections in a second of CPU time of the main thread, each with an
upcall or two.  Ratios: patched/stock, of connections the median (quartiles).
Stock: %s.
row      what                                    connections/s    ratio                 upcalls/connection  ratio of
                                                 stock  patched                         stock    patched    upcalls/s"""

ATTACH_HEAD = """\
attach: seconds until N new ports have an ofport.  N calls: %s.
     N  one ovs-vsctl  cx-sriov  ratio  N ovs-vsctl calls  times cx-sriov"""


def print_xlate(row):
    s, p = row["stock"], row["patched"]
    print("%-8s %-38s %7d  %7d    %5.3f (%5.3f-%5.3f)   %5.2f    %7.2f    %9.3f"
          % (row["row"], row["text"], s["connections_per_cpu_second"],
             p["connections_per_cpu_second"], row["ratio"],
             *row["ratio_quartiles"], s["upcalls_per_connection"],
             p["upcalls_per_connection"], row["upcalls_ratio"]),
          flush=True)


def print_attach(row):
    calls = ("%17.2f  %13.0fx" % (row["n_calls_seconds"],
                                   row["n_calls_to_cx_sriov"])
             if "n_calls_seconds" in row
             else "%17s  %14s" % ("-", "(--slow)"))
    print("%6d  %13.3f  %8.3f  %5.2f  %s"
          % (row["ports"], row["one_call_seconds"], row["cx_sriov_seconds"],
             row["ratio"], calls), flush=True)


SETUP_HEAD = """\
setup: instructions of the handler threads and of the kernel for a new flow
between ports that cannot offload.  Ratios: of flows a second, to the line "off",
which is built with the same flags, and to the distribution's package.
                                                    instructions  spread  ratio  to package"""


def print_setup(row):
    print(SETUP_HEAD)
    for side, text in SETUP_SIDES:
        x = row[side]
        print("%-8s %-42s %13.0f %6.1f%% %6.3f %11.3f"
              % (side, text, x["median_ns"] / SETUP_NS_PER_INSTRUCTION,
                 100 * x["spread"], x["rate_ratio"],
                 x["rate_ratio_to_package"]), flush=True)


def main():
    parser = argparse.ArgumentParser()
    for name in "patched", "work", "json":
        parser.add_argument("--" + name, required=True)
    for name in "stock", "debian", "setup":
        parser.add_argument("--" + name)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--starts", type=int, default=4)
    parser.add_argument("rows", nargs="+")
    args = parser.parse_args()

    shutil.rmtree(args.work, ignore_errors=True)
    os.makedirs(args.work)
    patched = Programs.tree(args.patched, args.patched)
    # A copy, so that a build meanwhile does not put another one in its place.
    patched.vswitchd = shutil.copy(patched.vswitchd, args.work)

    result = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
              "cpus": os.cpu_count(), "rows": []}
    if args.stock:
        stock = Programs.tree(args.stock, args.patched)
    wanted = [x for x in XLATE if x[0] in args.rows or "xlate" in args.rows]
    if wanted:
        what = "unpatched source, %s, built like ours" % stock.version()
        result["xlate_stock"] = what
        print(XLATE_HEAD % what, flush=True)
        for x in wanted:
            row = xlate(*x, stock, patched, args.work, args.starts)
            result["rows"].append(row)
            print_xlate(row)
    if args.debian:
        debian = Programs.package(args.debian)
    if "attach" in args.rows:
        what = "the distribution's own package, " + debian.version()
        result["attach_stock"] = what
        if wanted:
            print()
        print(ATTACH_HEAD % what, flush=True)
        for n in 64, 254, 1024:
            row = attach(n, patched, debian, n < 1000 or args.slow, args.work)
            result["rows"].append(row)
            print_attach(row)
    if {"idle", "memory", "start", "show"} & set(args.rows):
        if result["rows"]:
            print()
        programs = {"patched": patched}
        if args.stock and args.debian:
            programs = {"stock": stock, "control": stock,
                        "package": debian.with_tools(patched),
                        "patched": patched}
        result["rows"] += scale.run(args.rows, programs, args.work,
                                    args.starts)
    if args.setup:
        if result["rows"]:
            print()
        result["rows"].append(setup(args.setup))
        print_setup(result["rows"][-1])

    with open(args.json, "w") as f:
        json.dump(result, f, indent=2)
        f.write("\n")
    print("\nas JSON: " + os.path.relpath(args.json))


if __name__ == "__main__":
    # So that a daemon is not left behind by a Ctrl-C or a kill.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        main()
    finally:
        stop_all()
