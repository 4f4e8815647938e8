"""The Open vSwitch that is measured: an ovsdb-server and an ovs-vswitchd of
which every port is a dummy, and what both sides need for a world of VFs."""

import json
import os
import re
import shutil
import subprocess
import sys
import time


def die(message):
    sys.exit("bench: " + message)


def wait_until(what, condition, timeout=60):
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            die("waited %d s in vain: %s" % (timeout, what))
        time.sleep(0.05)


class Programs:
    """Where the programs of an Open vSwitch are."""

    def __init__(self, vswitchd, tools, schema, libs=None):
        self.vswitchd = vswitchd
        self.tools = tools
        self.schema = schema
        self.env = {"LD_LIBRARY_PATH": ":".join(libs)} if libs else {}

    @staticmethod
    def tree(tree, tools_tree):
        def tool(name):
            folder = "ovsdb" if name.startswith("ovsdb") else "utilities"
            return os.path.join(tools_tree, folder, name)
        return Programs(os.path.join(tree, "vswitchd/ovs-vswitchd"), tool,
                        os.path.join(tools_tree, "vswitchd/vswitch.ovsschema"))

    @staticmethod
    def package(root):
        def tool(name):
            folder = "sbin" if name == "ovsdb-server" else "bin"
            return os.path.join(root, "usr", folder, name)
        triplet = os.uname().machine + "-linux-gnu"
        return Programs(
            os.path.join(root, "usr/lib/openvswitch-switch/ovs-vswitchd"),
            tool, os.path.join(root, "usr/share/openvswitch/vswitch.ovsschema"),
            [os.path.join(root, d, triplet) for d in ("lib", "usr/lib")])

    def with_tools(self, other):
        """The same daemon, but all else of 'other'."""
        programs = Programs(self.vswitchd, other.tools, other.schema)
        programs.env = self.env
        return programs

    def version(self):
        out = subprocess.run([self.vswitchd, "--version"], text=True,
                             env={**os.environ, **self.env}, check=True,
                             stdout=subprocess.PIPE).stdout
        return out.split("\n")[0].split()[-1]


class Switch:
    """An ovsdb-server and an ovs-vswitchd of which every port is a dummy."""

    running = []

    def __init__(self, programs, folder, database=None):
        """With 'database', a file to copy, starts just an ovsdb-server: call
        start_vswitchd() then."""
        self.programs = programs
        self.dir = folder
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.env = {**os.environ, **programs.env}
        for name in "RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR":
            self.env["OVS_" + name] = folder
        self.db = "unix:%s/db.sock" % folder
        self.ctl = "%s/vswitchd.ctl" % folder
        self.children = []
        Switch.running.append(self)

        if database:
            shutil.copy(database, os.path.join(folder, "conf.db"))
        else:
            self.tool("ovsdb-tool", "create", "conf.db", programs.schema)
        self.ovsdb = self.spawn(
            programs.tools("ovsdb-server"), "--remote=p" + self.db,
            "--unixctl=%s/ovsdb.ctl" % folder, "conf.db")
        self.wait_for("db.sock")
        if not database:
            self.vsctl("--no-wait", "init")
            self.start_vswitchd()

    def start_vswitchd(self):
        self.vswitchd = self.spawn(
            self.programs.vswitchd, "--enable-dummy=override",
            "--disable-system", "--disable-system-route", "-vconsole:off",
            "-vfile:warn", "--unixctl=" + self.ctl,
            "--log-file=%s/ovs-vswitchd.log" % self.dir, self.db)
        self.wait_for("vswitchd.ctl")

    def wait_for(self, name):
        wait_until(name, lambda: os.path.exists(os.path.join(self.dir, name)))

    def spawn(self, *command):
        with open(os.path.join(self.dir, "stderr"), "a") as log:
            child = subprocess.Popen([*command], cwd=self.dir, env=self.env,
                                     stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=log)
        self.children.append(child)
        return child

    def tool(self, name, *args):
        done = subprocess.run([self.programs.tools(name), *args], text=True,
                              cwd=self.dir, env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            die("%s %s: %s" % (name, " ".join(args)[:200], done.stderr))
        return done.stdout

    def vsctl(self, *args):
        return self.tool("ovs-vsctl", "--db=" + self.db, *args)

    def appctl(self, *args):
        return self.tool("ovs-appctl", "-t", self.ctl, *args)

    def load(self, lines):
        """Makes 'lines' what cx-sriov's source in memory knows."""
        path = os.path.join(self.dir, "sriov.lines")
        with open(path, "w") as f:
            f.write("".join(line + "\n" for line in lines))
        self.appctl("sriov/dummy-file", path)

    def cpu(self):
        """Seconds of CPU time that the main thread has had."""
        task = "/proc/%d/task/%d/" % (self.vswitchd.pid, self.vswitchd.pid)
        try:
            with open(task + "schedstat") as f:
                ns = int(f.read().split()[0])
            if ns:
                return ns / 1e9
        except OSError:
            pass
        # In ticks of 10 ms only.
        with open(task + "stat") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def process_cpu(self):
        """Seconds of CPU time that all threads have had."""
        # clock_getcpuclockid(3), which Python does not have.
        return time.clock_gettime(~self.vswitchd.pid << 3 | 2)

    def status(self, key):
        """The number in line 'key' of /proc/PID/status, by thread."""
        tasks = "/proc/%d/task" % self.vswitchd.pid
        numbers = []
        for task in os.listdir(tasks):
            with open(os.path.join(tasks, task, "status")) as f:
                line = re.search(r"^%s:\s*(\d+)" % key, f.read(), re.M)
            numbers.append(int(line.group(1)))
        return numbers

    def stop(self):
        Switch.running.remove(self)
        for child in reversed(self.children):
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def stop_all():
    for switch in list(Switch.running):
        switch.stop()


def world(vfs, pfs=2):
    """An eswitch in switchdev mode: 'pfs' PFs, each with 'vfs' VFs."""
    lines = []
    for pf in range(pfs):
        dev = "pci/0000:01:00.%d" % pf
        lines += [
            "dev %s mode=switchdev driver=mlx5_core" % dev,
            "port %s 65535 flavour=physical pf=%d ifindex=%d"
            % (dev, pf, 100 + pf),
            "link %d name=p%d switch-id=c0ffee port-name=p%d parent=%s"
            " mtu=1500 hw-tc=true up=true mac=02:00:00:00:01:%02x"
            % (100 + pf, pf, pf, dev, pf)]
        for vf in range(vfs):
            ifindex = 10000 * (1 + pf) + vf
            lines += [
                "port %s %d flavour=pcivf pf=%d number=%d ifindex=%d"
                " vf-pci=0000:%02x:%02x.%d mac=02:00:%02x:00:%02x:%02x"
                % (dev, vf, pf, vf, ifindex, 1 + pf + (vf >> 8 << 2),
                   vf >> 3 & 31, vf & 7, pf + 1, vf >> 8, vf & 255),
                "link %d name=pf%dvf%d switch-id=c0ffee port-name=pf%dvf%d"
                " parent=%s hw-tc=false" % (ifindex, pf, vf, pf, vf, dev)]
    return lines


def bridge(programs, folder):
    switch = Switch(programs, folder)
    switch.vsctl("add-br", "br0", "--", "set", "Bridge", "br0",
                 "datapath_type=dummy", "--", "add-port", "br0", "p0")
    return switch


def until_attached(switch, n, action, prepare=None):
    """Seconds from the start of 'action' until there are 'n' VFs' ports with
    an ofport, as a client of the database sees it.  'prepare' is called
    before, when that client is there already."""
    monitor = subprocess.Popen(
        [switch.programs.tools("ovsdb-client"), "--format=json", "monitor",
         switch.db, "Open_vSwitch", "Interface", "name,ofport"], text=True,
        env=switch.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    attached = set()
    start = None
    try:
        while len(attached) < n:
            line = monitor.stdout.readline()
            if not line:
                die("the monitor of the database ended")
            for row in json.loads(line)["data"]:
                if (row[1] in ("initial", "insert", "new")
                        and str(row[2]).startswith("pf")
                        and isinstance(row[3], int) and row[3] > 0):
                    attached.add(row[2])
            if start is None:
                # The first update is what was there before.
                if prepare:
                    prepare()
                time.sleep(0.3)
                start = time.monotonic()
                action()
        return time.monotonic() - start
    finally:
        monitor.terminate()
        monitor.wait()
