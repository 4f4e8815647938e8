"""Rows "idle", "memory", "start" and "show": what 1,024 representors cost when
nothing happens, when ovs-vswitchd starts, and when somebody looks.

All sides have the same database: the one that cx-sriov made.  The patched one
also knows the representors that the ports are for, so that the module does all
that it would do on such a host.  Reading the kernel is not in it: that is what
the source in memory is in place of.
"""

import json
import os
import shutil
import signal
import socket
import statistics
import time

from switch import bridge, stop_all, Switch, until_attached, world

PORTS = 1024            # Half of them at either PF.
IDLE_SECONDS = 30
REQUESTS = 40           # Of each kind.

# Name and what it is.  The second stock one tells what differences mean
# nothing.  The distribution's is what people have; it is built with other
# flags, hence the other one is what ours is compared with.
SIDES = [
    ("stock", "unpatched source, built like ours"),
    ("control", "the same again"),
    ("package", "the distribution's own"),
    ("patched", "ours"),
]


def make_database(patched, work):
    """Returns a database file with the ports of all representors, which have
    no ofport yet, as ovs-vswitchd finds it when a host starts."""
    switch = bridge(patched, os.path.join(work, "d"))
    until_attached(switch, PORTS, lambda: switch.load(world(PORTS // 2)))
    switch.appctl("exit")
    switch.vswitchd.wait()
    # Without hw-offload, which it would be on by default here: the userspace
    # datapath, and only that, has a thread for it, which wakes up by itself.
    switch.tool("ovsdb-client", "transact", switch.db, json.dumps(
        ["Open_vSwitch",
         {"op": "update", "table": "Interface", "where": [],
          "row": {"ofport": ["set", []]}},
         {"op": "update", "table": "Open_vSwitch", "where": [],
          "row": {"other_config": ["map", [["hw-offload", "false"]]]}}]))
    stop_all()
    switch.tool("ovsdb-tool", "compact", "conf.db")
    return shutil.copy(os.path.join(switch.dir, "conf.db"),
                       os.path.join(work, "ports.db"))


def bring_up(programs, folder, database, patched):
    """Starts a switch on 'database'.  Returns it, and the seconds and those
    of CPU time until all ports have an ofport, from when ovs-vswitchd can
    read the database: exec and initialization are not in it."""
    switch = Switch(programs, folder, database)
    cpu = []

    def prepare():
        switch.ovsdb.send_signal(signal.SIGSTOP)
        switch.start_vswitchd()
        if patched:
            switch.load(world(PORTS // 2))

    def action():
        cpu.append(switch.process_cpu())
        switch.ovsdb.send_signal(signal.SIGCONT)

    seconds = until_attached(switch, PORTS, action, prepare)
    # The module has its own first look at the database after that, which
    # nobody waits for; it counts as CPU time.
    time.sleep(1)
    return switch, seconds, switch.process_cpu() - cpu[0]


def all_sides(programs, work, database, round_):
    """Brings up one of each side, one after the other.  Returns what
    bring_up() does, by side."""
    order = list(programs)
    # None must always be the first one.
    order = order[round_ % len(order):] + order[:round_ % len(order)]
    return {side: bring_up(programs[side], os.path.join(work, side), database,
                           side == "patched") for side in order}


def compare(row, key, samples):
    """Adds to 'row' the medians of 'samples', lists by side, and the ratios to
    stock, taken sample by sample."""
    for side, values in samples.items():
        ratios = [v / s if s else 1.0 if v == s else float("inf")
                  for v, s in zip(values, samples["stock"])]
        row.setdefault(side, {})[key] = {
            "median": statistics.median(values),
            "ratio": statistics.median(ratios),
            "ratio_range": [min(ratios), max(ratios)],
            "samples": values}


def idle(programs, work, database, starts, rows):
    """Rows "idle" and "memory", as far as 'rows' has them."""
    keys = {"voluntary_switches": "voluntary_ctxt_switches",
            "involuntary_switches": "nonvoluntary_ctxt_switches"}
    samples = {}

    def add(key, side, value):
        samples.setdefault(key, {s: [] for s in programs})[side].append(value)

    for round_ in range(starts):
        up = {side: x[0] for side, x in
              all_sides(programs, work, database, round_).items()}
        if "idle" in rows:
            # All at the same time, so that they share the same noise.
            before = {side: [sum(s.status(k)) for k in keys.values()]
                      + [s.process_cpu()] for side, s in up.items()}
            time.sleep(IDLE_SECONDS)
            for side, s in up.items():
                after = [sum(s.status(k)) for k in keys.values()]
                after.append(s.process_cpu())
                for key, a, b in zip([*keys, "cpu_seconds"], after,
                                     before[side]):
                    add(key, side, a - b)
        for side, s in up.items():
            add("resident_kib", side, s.status("VmRSS")[0])
            add("peak_kib", side, s.status("VmHWM")[0])
        stop_all()

    result = []
    for name, wanted in (("idle", [*keys, "cpu_seconds"]),
                         ("memory", ["resident_kib", "peak_kib"])):
        if name in rows:
            row = {"row": name, "ports": PORTS}
            for key in wanted:
                compare(row, key, samples[key])
            result.append(row)
    return result


def start(programs, work, database, starts):
    samples = {"seconds": {s: [] for s in programs},
               "cpu_seconds": {s: [] for s in programs}}
    for round_ in range(3 * starts):
        order = all_sides(programs, work, database, round_)
        for side, (_, seconds, cpu) in order.items():
            samples["seconds"][side].append(seconds)
            samples["cpu_seconds"][side].append(cpu)
        stop_all()
    row = {"row": "start", "ports": PORTS}
    for key, values in samples.items():
        compare(row, key, values)
    return row


#
# Row "show": the round trip of a request on a connection that stays open, and
# the CPU time of the main thread for it, which is how long it can do nothing
# else.  "version" is what any request costs; the last two are a scrape by
# Prometheus.
#

class Unixctl:
    def __init__(self, switch):
        folder_fd = os.open(switch.dir, os.O_PATH)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect("/proc/self/fd/%d/vswitchd.ctl" % folder_fd)
        os.close(folder_fd)

    def request(self, command):
        """Returns the seconds that the reply to 'command' took, and it."""
        method, *params = command.split()
        start = time.monotonic()
        self.socket.sendall(json.dumps(
            {"method": method, "params": params, "id": 0}).encode())
        reply = b""
        while True:
            data = self.socket.recv(1 << 20)
            end = time.monotonic()
            if not data:
                raise SystemExit("bench: ovs-vswitchd closed the connection")
            reply += data
            if reply.endswith(b"}"):
                try:
                    reply = json.loads(reply)
                    break
                except ValueError:
                    pass        # A brace in the text.
        if reply["error"]:
            raise SystemExit("bench: %s: %s" % (command, reply["error"]))
        return end - start, reply["result"]


def show(patched, work, database):
    switch, _, _ = bring_up(patched, os.path.join(work, "patched"), database,
                            True)
    unixctl = Unixctl(switch)
    commands = ["version", "sriov/show", "sriov/show --json",
                "sriov/show --json --flows", "sriov/why --json"]
    rows = {c: {"row": "show", "request": c, "seconds": [], "cpu_seconds": []}
            for c in commands}
    for _ in range(REQUESTS):
        for command, row in rows.items():
            cpu = switch.cpu()
            seconds, reply = unixctl.request(command)
            time.sleep(0.01)    # Until the main loop has come to rest.
            row["seconds"].append(seconds)
            row["cpu_seconds"].append(switch.cpu() - cpu)
            row["bytes"] = len(reply)
            if "show --json" in command and reply.count('"ofport"') < PORTS:
                raise SystemExit("bench: %s does not have all ports" % command)
    stop_all()
    for row in rows.values():
        for key in "seconds", "cpu_seconds":
            row[key] = {"lowest": min(row[key]),
                        "median": statistics.median(row[key]),
                        "highest": max(row[key])}
    return list(rows.values())


#
# What is printed.
#

def print_sides(row, columns, head):
    """Prints 'row': columns of 'columns', each of a key, a width, decimals and
    a factor."""
    print(head)
    for side, text in SIDES:
        line = "%-8s %-34s" % (side, text)
        for key, width, decimals, factor in columns:
            x = row[side][key]
            line += "%*.*f" % (width, decimals, factor * x["median"])
            line += ("  %5.3f (%5.3f-%5.3f)" % (x["ratio"], *x["ratio_range"])
                     if side != "stock" else " " * 22)
        print(line.rstrip(), flush=True)


IDLE_HEAD = """\
idle: ovs-vswitchd with %d ports, all threads, in %d s.  Ratios to stock:
median (lowest-highest) of %d starts.  "waits" and "preempted": voluntary and
other context switches.
                                             CPU ms  ratio                  waits  ratio             preempted  ratio"""

MEMORY_HEAD = """\
memory: ovs-vswitchd with %d ports, KiB.  Ratios to stock: median
(lowest-highest).  Up to 2,000 of ours are the source in memory.
                                           resident  ratio                   peak  ratio"""

START_HEAD = """\
start: ovs-vswitchd with %d ports in the database, until all have an ofport, and
CPU time of all threads, a second more.  Ratios to stock: median (lowest-highest).
                                                 ms  ratio                 CPU ms  ratio"""

SHOW_HEAD = """\
show: a request with %d representors, %d times: round trip, and CPU time of the
main thread, which can do nothing else then.
request                       bytes  round trip ms:                    CPU ms:
                                      lowest  median  highest         lowest  median  highest"""


def print_idle(row):
    print_sides(row, [("cpu_seconds", 8, 1, 1000),
                      ("voluntary_switches", 9, 0, 1),
                      ("involuntary_switches", 12, 0, 1)],
                IDLE_HEAD % (PORTS, IDLE_SECONDS,
                             len(row["stock"]["cpu_seconds"]["samples"])))


def print_memory(row):
    print_sides(row, [("resident_kib", 8, 0, 1), ("peak_kib", 9, 0, 1)],
                MEMORY_HEAD % PORTS)


def print_start(row):
    print_sides(row, [("seconds", 8, 0, 1000), ("cpu_seconds", 9, 0, 1000)],
                START_HEAD % PORTS)


def print_show(rows):
    print(SHOW_HEAD % (PORTS, REQUESTS))
    for row in rows:
        line = "%-25s %9d  " % (row["request"], row["bytes"])
        for key in "seconds", "cpu_seconds":
            line += "  %6.2f  %6.2f  %7.2f      " % tuple(
                1000 * row[key][x] for x in ("lowest", "median", "highest"))
        print(line.rstrip(), flush=True)


def run(rows, programs, work, starts):
    """Measures and prints those of the rows above that 'rows' has.  Returns
    them as a list for JSON.  'programs' are those of each side."""
    result = []
    database = make_database(programs["patched"], work)

    def separate():
        if result:
            print()

    if "idle" in rows or "memory" in rows:
        for row in idle(programs, work, database, starts, rows):
            separate()
            (print_idle if row["row"] == "idle" else print_memory)(row)
            result.append(row)
    if "start" in rows:
        separate()
        result.append(start(programs, work, database, starts))
        print_start(result[-1])
    if "show" in rows:
        separate()
        result += show(programs["patched"], work, database)
        print_show([r for r in result if r["row"] == "show"])
    return result
