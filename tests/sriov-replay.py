# Copyright (c) 2026 The cx-sriov authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at:
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Plays worlds to a real ovsdb-server and ovs-vswitchd.

usage: sriov-replay.py SCHEMA < STATES

Reads what "ovstest test-sriov-plan state" prints: the lines of
tests/test-plan.c, and after each "plan", indented, the state that the
rules lead to.  ovs-vswitchd, with its source in memory, has to come to the same.
Prints where it does not, and then fails.

Runs in an empty folder that is OVS_RUNDIR, with Open vSwitch's programs in
PATH.  Time stands still in ovs-vswitchd but for "wait".  What happens between
two "plan"s happens one thing after the other here, not at once: that must make no
difference either."""

import difflib
import json
import os
import shlex
import signal
import subprocess
import sys
import time

CTL = os.path.abspath("vswitchd.ctl")

# A state that is not reached in this time (seconds) is wrong.
PATIENCE = 10


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    # From series 3.5 or so on it fails if a port cannot be set up, as those of
    # type dpdk cannot in a daemon without DPDK.
    if done.returncode and "Error detected while setting up" not in done.stderr:
        sys.exit("%s: %s" % (" ".join(command), done.stderr))
    return done.stdout


def appctl(*args):
    return run("ovs-appctl", "-t", CTL, *args)


def wait_until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit("waited %d s in vain: %s" % (PATIENCE, what))
        time.sleep(0.02)


#
# The daemons.
#

class Switch:
    """An ovsdb-server, and an ovs-vswitchd in which time stands still."""

    def __init__(self, schema):
        self.vswitchd = None    # Its process id, if it runs.
        run("ovsdb-tool", "create", "conf.db", schema)
        self.ovsdb = subprocess.Popen(
            ["ovsdb-server", "--remote=punix:db.sock", "-vconsole:off",
             "--log-file=ovsdb-server.log", "--unixctl=ovsdb.ctl", "conf.db"])
        wait_until("ovsdb-server", lambda: os.path.exists("db.sock"))
        # The socket may be there before anything listens to it.
        run("ovs-vsctl", "--retry", "--timeout=60", "--no-wait", "init")

    def start(self):
        # It comes back when it is ready, and goes on in the background.
        run("ovs-vswitchd", "--enable-dummy=override", "--disable-system",
            "--disable-system-route", "-vconsole:off", "--detach",
            "--no-chdir", "--pidfile", "--unixctl=" + CTL,
            "--log-file=ovs-vswitchd.log", "unix:db.sock")
        with open("ovs-vswitchd.pid") as f:
            self.vswitchd = int(f.read())
        appctl("time/stop")

    def stop(self):
        if self.vswitchd:
            os.kill(self.vswitchd, signal.SIGTERM)
            wait_until("the end of ovs-vswitchd",
                       lambda: not os.path.exists("/proc/%d" % self.vswitchd))
            self.vswitchd = None

    def end(self):
        self.stop()
        self.ovsdb.terminate()
        self.ovsdb.wait()


#
# Rows.
#

def setting(table, column, row, key, value):
    """ovs-vsctl's command that sets 'key' in 'column', or the column itself,
    or takes it away if 'value' is empty."""
    if column:
        if not value:
            return ["remove", table, row, column, key]
        key, value = "%s:%s" % (column, key), json.dumps(value)
    elif not value and key in ("type", "datapath_type"):
        value = '""'            # A string, which is there always.
    elif not value:
        return ["clear", table, row, key]
    return ["set", table, row, "%s=%s" % (key, value)]


def port_settings(port, pairs, ifaces=None):
    for key, value in pairs:
        if key == "tag":
            yield setting("Port", None, port, key, value)
        elif ifaces and key == "type":
            for iface in ifaces:
                yield setting("Interface", None, iface, key, value)
        elif ifaces and key == "dpdk-devargs":
            for iface, devargs in zip(ifaces, value.split(";")):
                yield setting("Interface", "options", iface, key, devargs)
        elif key in ("type", "mtu_request", "ingress_policing_rate"):
            yield setting("Interface", None, port, key, value)
        elif key == "dpdk-devargs":
            yield setting("Interface", "options", port, key, value)
        else:
            for table in "Port", "Interface":
                yield setting(table, "external_ids", port, key, value)
                if key == "sriov-pf":
                    yield setting(table, "external_ids", port, "sriov-owner",
                                  value and "cx-sriov")


def bridge_settings(bridge, pairs):
    for key, value in pairs:
        yield setting("Bridge", {"sriov-deleted": "external_ids",
                                 "datapath_type": None}
                      .get(key, "other_config"), bridge, key, value)


class World:
    def __init__(self, switch):
        self.switch = switch
        switch.stop()
        bridges = run("ovs-vsctl", "--no-wait", "list-br").split()
        run("ovs-vsctl", "--no-wait", "clear", "Open_vSwitch", ".",
            "other_config", "external_ids",
            *[w for b in bridges for w in ("--", "del-br", b)])
        self.bridges = set()
        self.kernel = []        # All lines for the source in memory...
        self.n_loaded = 0       # ...and how many of them it has.
        self.commands = []      # What ovs-vsctl is yet to do.

    def flush(self):
        """Has all done that was read so far."""
        if self.commands:
            run("ovs-vsctl", *([] if self.switch.vswitchd else ["--no-wait"]),
                *[w for c in self.commands for w in ["--", *c]])
            self.commands = []
        if not self.switch.vswitchd:
            self.switch.start()
            self.n_loaded = 0
        if self.n_loaded < len(self.kernel):
            with open("lines", "w") as f:
                f.writelines(self.kernel[self.n_loaded:])
            self.n_loaded = len(self.kernel)
            appctl("sriov/dummy-file", os.path.abspath("lines"))

    def do(self, line):
        """Does what 'line' says, see do_line() in test-plan.c.  All
        that is done to the database before ovs-vswitchd starts comes first,
        else it goes in turn with what happens in the kernel."""
        words = shlex.split(line)
        pairs = [w.split("=", 1) for w in words if "=" in w]
        row = words[1] if len(words) > 1 else None
        commands = None
        if words[0] == "add-br":
            self.bridges.add(row)
            commands = [["add-br", row], *bridge_settings(row, pairs)]
        elif words[0] == "add-port":
            commands = [words[:3], *port_settings(words[2], pairs)]
        elif words[0] == "add-bond":
            commands = [words[:5], *port_settings(words[2], pairs, words[3:5])]
        elif words[0] == "del-port":
            commands = [words]
        elif words[0] == "del-br":
            self.bridges.remove(row)
            commands = [words]
        elif words[0] == "set" and row == ".":
            commands = [setting("Open_vSwitch",
                                ("external_ids" if p[0].startswith("ovn-")
                                 else "other_config"), row, *p)
                        for p in pairs]
        elif words[0] == "set" and row in self.bridges:
            commands = bridge_settings(row, pairs)
        elif words[0] == "set":
            commands = port_settings(row, pairs)

        if commands is not None:
            if self.switch.vswitchd and self.n_loaded < len(self.kernel):
                self.flush()
            self.commands += commands
        elif words[0] == "wait":
            self.flush()
            appctl("time/warp", str(int(row) * 1000))
        elif words[0] == "restart":
            self.flush()
            self.switch.stop()
        elif words[0] == "sriov/resync":
            self.flush()
            appctl(words[0])
        else:
            if self.switch.vswitchd and self.commands:
                self.flush()
            self.kernel.append(line + "\n")

    def state(self):
        """As describe_state() in test-plan.c has it."""
        lines = []
        for eswitch in json.loads(appctl("sriov/show", "--json"))["eswitches"]:
            for pf in eswitch["pfs"]:
                for rep in pf["representors"]:
                    lines.append("%s %s: %s" % (pf["device"], rep["port"],
                                                rep["status"]))

        tables = []
        for line in run("ovs-vsctl", "--format=json",
                        "--", "list", "Bridge", "--", "list", "Port",
                        "--", "list", "Interface").splitlines():
            table = json.loads(line)
            tables.append([{h: plain(v) for h, v in zip(table["headings"], r)}
                           for r in table["data"]])
        bridges, ports, ifaces = tables
        active = 'sriov="false"' not in run("ovs-vsctl", "get", "Open_vSwitch",
                                          ".", "other_config")
        ports = {p["_uuid"][0]: p for p in ports}
        ifaces = {i["_uuid"][0]: i for i in ifaces}
        for br in bridges:
            # Not a state to stop in: a deletion would look like a tool's.
            if (active and "sriov-deleted" not in br["external_ids"]
                and any("sriov-owner" in ports[u]["external_ids"]
                        for u in br["ports"])):
                lines.append("%s: no list of deleted ones" % br["name"])
            for port in (ports[u] for u in br["ports"]):
                ids = port["external_ids"]
                iface = ifaces[port["interfaces"][0]]
                if port["name"] != br["name"]:
                    devargs = ";".join(
                        ifaces[u]["options"]["dpdk-devargs"]
                        for u in sorted(port["interfaces"],
                                        key=lambda u: ifaces[u]["name"])
                        if "dpdk-devargs" in ifaces[u]["options"])
                    lines.append("%s %s for %s, mtu %s, tag %s%s" % (
                        br["name"], port["name"],
                        "%s %s" % (ids["sriov-pf"], ids["sriov-port"])
                        if "sriov-owner" in ids else "others",
                        *[x[0] if x else "-"
                          for x in (iface["mtu_request"], port["tag"])],
                        (", " + devargs if devargs else "")
                        + (", closed" if "sriov-vm" in ids else "")))
        return sorted(lines)

    def settle(self, expected):
        """Returns the state, when it is 'expected' or does not become it."""
        self.flush()
        end = time.monotonic() + PATIENCE
        while True:
            state = self.state()
            if state == expected or time.monotonic() > end:
                return state
            time.sleep(0.05)


def plain(value):
    """A value of OVSDB's (RFC 7047, 5.1): sets as lists, maps as dicts."""
    if isinstance(value, list):
        if value[0] == "map":
            return dict(value[1])
        if value[0] == "set":
            return [plain(v)[0] if isinstance(v, list) else v
                    for v in value[1]]
        return value[1:]        # A set of one UUID.
    return [value] if isinstance(value, int) else value


def worlds(lines):
    """Yields each world, a list of pairs of a line and of the indented ones
    after it.  One in which Open vSwitch is said to have failed to add a port is
    left out: it is in the guest that it really does."""
    world = []
    for line in [*lines, "world"]:
        if line.startswith("world"):
            if world and not any("_ofport" in text for text, _ in world):
                yield world
            world = []
        if line.startswith("  "):
            world[-1][1].append(line.strip())
        elif line.strip():
            world.append((line, []))


def main():
    switch = Switch(sys.argv[1])
    n_wrong = 0
    try:
        for lines in worlds(sys.stdin.read().splitlines()):
            world = None
            for i, (line, expected) in enumerate(lines):
                if line.startswith("world"):
                    print(line, flush=True)
                    world = World(switch)
                elif line == "plan":
                    state = world.settle(expected)
                    if state != expected:
                        n_wrong += 1
                        print("".join("  %s\n" % l for l, _ in lines[1:i + 1])
                              + "\n".join(difflib.unified_diff(
                                  expected, state, "expected", "is", n=9,
                                  lineterm="")))
                elif not line.startswith("#"):
                    world.do(line)
    finally:
        switch.end()
    sys.exit(1 if n_wrong else 0)


main()
