"""Random configurations of a bridge, and what each receiver gets of some frames.

    frames-compare.py record FILE FIRST COUNT SEED     configures br0 COUNT times, sends, and writes down who got what
    frames-compare.py compare FILE FILE                says which configurations differ; fails if any does

The bridge has the uplink, the representors of VFs 0 to 4 and itself as ports.  The same SEED makes the same configurations and
frames, so that one datapath can be compared with another.

Each frame is sent REPEATS times: the first one makes the flow, and the others go by it.  All are compared, each by its number, so
that one that is missing cannot be taken for another.  Nothing waits for silence: behind all frames goes one of another bridge, from
VF 5 to VF 6, which makes a flow of its own.  Since sender and daemon have one CPU between them, queues and ovs-vswitchd keep frames in
their order, and what has not come before that one does not come at all.  A configuration is recorded once more only if counters prove
that the guest, not the switch, has lost frames.
"""

import collections
import glob
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

import frames

VFS = 5
UPLINK = "enp1s0np0"
REPRESENTORS = ["enp1s0npf0vf%d" % vf for vf in range(VFS)]
# Who is behind a port, as a sender and a receiver.
ENDS = {UPLINK: "wire0", "br0": "br0", **{rep: "enp1s0v%d" % vf for vf, rep in enumerate(REPRESENTORS)}}
BARRIER = ("enp1s0v5", "enp1s0v6")
BROADCAST = "ff:ff:ff:ff:ff:ff"
DESTINATIONS = {"broadcast": BROADCAST, "multicast": "01:00:5e:01:02:03", "unknown": "02:de:ad:00:00:01", "reserved": "01:80:c2:00:00:0e"}
TAGGINGS = [(), (), ((0x8100, 10),), ((0x8100, 20),), ((0x8100, 30),), ((0x8100, 10 | 3 << 13),), ((0x8100, 5 << 13),), ((0x88A8, 10),),
            ((0x8100, 10), (0x8100, 20)), ((0x8100, 20), (0x8100, 10)), ((0x88A8, 20), (0x8100, 10)), ((0x88A8, 10), (0x8100, 20 | 2 << 13))]
FRAMES = 12                     # Per configuration.
REPEATS = 3
MAX_LOSSES = 3                  # Recordings of a configuration that the guest may spoil.
OTHER_CONFIG = ("qinq-ethtype", "priority-tags")
SOL_PACKET, PACKET_STATISTICS = 263, 6


# Configurations.

def random_vlans(chance, is_uplink):
    """A port's columns."""
    kind = chance.choice(["access"] * 3 + ["trunk"] * (6 if is_uplink else 2) + ["some", "native-tagged", "native-untagged"]
                         + ["dot1q-tunnel"] * (not is_uplink))
    tag, some = chance.choice([10, 20, 30]), sorted(chance.sample([10, 20, 30], 2))
    columns = {}
    if kind == "some":
        columns = {"trunks": some}
    elif kind != "trunk":
        columns = {"tag": tag}
    if kind in ("native-tagged", "native-untagged"):
        columns.update({"vlan_mode": kind}, **({"trunks": some} if chance.random() < 0.5 else {}))
    elif kind == "dot1q-tunnel":
        columns.update({"vlan_mode": kind}, **({"cvlans": some} if chance.random() < 0.3 else {}))
        columns["qinq-ethtype"] = chance.choice(["802.1ad", "802.1q"])
    if chance.random() < 0.2:
        columns["priority-tags"] = chance.choice(["if-nonzero", "always"])
    return columns


def random_mirror(chance):
    """A mirror's columns, or None."""
    if chance.random() < 0.6:
        return None
    ports = REPRESENTORS + [UPLINK]
    mirror = chance.choice([{"select_all": True}, {"select_src_port": chance.choice(ports)}, {"select_dst_port": chance.choice(ports)}])
    if chance.random() < 0.2:
        mirror["select_vlan"] = chance.choice([10, 20, 30])
    if chance.random() < 0.2:
        return {**mirror, "output_vlan": chance.choice([10, 20, 30])}
    return {**mirror, "output_port": chance.choice(ports)}


def random_actions(chance, depth):
    """Actions of OpenFlow, for frames of so many tags or more."""
    actions = []
    for _ in range(chance.randint(2, 8)):
        kind = chance.choice(["output"] * 5 + ["vid"] * 2 + ["push", "pop", "pop", "pcp", "dst", "src"])
        if kind == "output":
            actions.append("output:%s" % chance.choice(REPRESENTORS + [UPLINK]))
        elif kind == "push" and depth < 2:
            depth += 1
            actions.append("push_vlan:%s,set_field:%d->vlan_vid" % (chance.choice(["0x8100", "0x88a8"]), 4096 + chance.choice([10, 20, 30])))
        elif kind == "pop" and depth:
            depth -= 1
            actions.append("pop_vlan")
        elif kind == "vid" and depth:
            actions.append("set_field:%d->vlan_vid" % (4096 + chance.choice([10, 20, 30])))
        elif kind == "pcp" and depth:
            actions.append("set_field:%d->vlan_pcp" % chance.choice([0, 3]))
        elif kind in ("dst", "src"):
            actions.append("set_field:02:00:00:00:00:%02x->eth_%s" % (chance.randint(1, 9), kind))
    return ",".join(actions + ["output:%s" % chance.choice(REPRESENTORS + [UPLINK])])


def random_rules(chance):
    """Rules of OpenFlow for a port, for frames with a tag and without; most often none."""
    if chance.random() < 0.7:
        return []
    port = chance.choice(REPRESENTORS + [UPLINK])
    return ["priority=9,in_port=%s,vlan_tci=%s,actions=%s" % (port, tci, random_actions(chance, depth))
            for tci, depth in (("0", 0), ("0x1000/0x1000", 1))]


def random_frames(chance):
    """Each: port, a word of DESTINATIONS or the port that the destination is behind, tags."""
    sent = []
    while len(sent) < FRAMES:
        one = (chance.choice(list(ENDS)), chance.choice(["broadcast", "multicast", "unknown"] * 4 + ["reserved"] + REPRESENTORS),
               chance.choice(TAGGINGS))
        if one not in sent:
            sent.append(one)
    return sent


def configuration_of(number, seed):
    """Columns of ports, mirror, rules, how many tags Open vSwitch looks at, and the frames to be sent."""
    chance = random.Random("%s %d" % (seed, number))
    ports = {port: random_vlans(chance, port == UPLINK) for port in [UPLINK] + REPRESENTORS}
    # The bridge's own port in a flood keeps that out of hardware, so it is not always there.
    ports["br0"] = random_vlans(chance, False) if chance.random() < 0.3 else {"tag": 99}
    return {"number": number, "ports": ports, "mirror": random_mirror(chance), "rules": random_rules(chance),
            "limit": chance.choice([1, 2, 2]), "sent": random_frames(chance)}


def column(value):
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit("%s: %s" % (" ".join(command), done.stderr))
    return done.stdout


def appctl(method, *params):
    """Has ovs-vswitchd run a command, without a program of its own."""
    with open("/run/ovs/ovs-vswitchd.pid") as file:
        path = "/run/ovs/ovs-vswitchd.%s.ctl" % file.read().strip()
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(path)
        peer.sendall(json.dumps({"id": 0, "method": method, "params": params}).encode())
        answer = b""
        while True:
            answer += peer.recv(1 << 20)
            try:
                reply = json.loads(answer)
            except ValueError:
                continue
            if reply["error"]:
                sys.exit("%s: %s" % (method, reply["error"]))
            return reply["result"] or ""


def configure(configuration, before):
    """Makes br0 so; 'before' is what it is, or None."""
    command = ["ovs-vsctl", "--timeout=30", "set", "Open_vSwitch", ".", "other_config:vlan-limit=%d" % configuration["limit"],
               "--", "clear", "Bridge", "br0", "mirrors"]
    for port, columns in configuration["ports"].items():
        command += ["--", "remove", "Port", port, "other_config", *OTHER_CONFIG, "--", "set", "Port", port]
        command += ["%s=%s" % (name, column(columns.get(name, "[]"))) for name in ("tag", "trunks", "vlan_mode", "cvlans")]
        command += ["other_config:%s=%s" % (name, columns[name]) for name in OTHER_CONFIG if name in columns]
    mirror = configuration["mirror"]
    if mirror:
        named = sorted({value for name, value in mirror.items() if name.endswith("_port")})
        for number, name in enumerate(named):
            command += ["--", "--id=@p%d" % number, "get", "Port", name]
        command += ["--", "--id=@m", "create", "Mirror", "name=m"] + [
            "%s=%s" % (name, "@p%d" % named.index(value) if value in named else column(value)) for name, value in mirror.items()]
        command += ["--", "set", "Bridge", "br0", "mirrors=@m"]
    run(*command)
    # That program takes longer than all else.
    if configuration["rules"] or not before or before["rules"]:
        run("ovs-ofctl", "-O", "OpenFlow13", "replace-flows", "br0", "-",
            text="\n".join(["priority=0,actions=NORMAL"] + configuration["rules"]))


# Frames.

class Recorder:
    """All ends, and what they get."""

    def __init__(self):
        self.ports = {name: frames.Port(name) for name in [*ENDS.values(), *BARRIER]}
        self.by_socket = {port.socket: port for port in self.ports.values()}
        self.barriers = 0
        self.copies = 0

    def send_all(self, configuration, kind, to_all=False):
        for index, (port, destination, tags) in enumerate(configuration["sent"]):
            self.ports[ENDS[port]].send(frames.frame(address_of(port), BROADCAST if to_all else address_of(destination), tags,
                                                     b"%d %s %d " % (configuration["number"], kind.encode(), index)))

    def barrier(self):
        """Returns all frames that came before this: (name of the end, frame) each."""
        self.barriers += 1
        mark = b"barrier %d " % self.barriers
        # By a source address that is new, it is a flow that is new.
        source = "02:88:b6" + ":%02x:%02x:%02x" % tuple(self.barriers.to_bytes(3, "big"))
        self.ports[BARRIER[0]].send(frames.frame(source, BROADCAST, (), mark))
        deadline, found, seen = time.monotonic() + 60, [], False
        while not seen:
            if time.monotonic() > deadline:
                sys.exit("the last frame, which is to be behind all others, does not come")
            select.select([self.ports[BARRIER[1]].socket], [], [], 1)
            seen = any(got[3].startswith(mark) for _, got in self.drain([self.ports[BARRIER[1]]]))
        found = self.drain(self.ports[name] for name in ENDS.values())
        self.copies += len(found)
        return found

    def drain(self, ports):
        found = []
        for port in ports:
            while select.select([port.socket], [], [], 0)[0]:
                got = port.receive()
                if got:
                    found.append((port.name, got))
        return found

    def losses(self):
        """How many frames the guest has lost since it was asked last: at our sockets, and before and behind the datapath."""
        lost = 0
        for port in self.ports.values():
            lost += struct.unpack("II", port.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
        with open("/proc/net/softnet_stat") as file:
            total = sum(int(line.split()[1], 16) for line in file)
        for line in appctl("dpctl/show").splitlines():
            if "lookups:" in line:
                total += int(line.split("lost:")[1])
        lost += total - getattr(self, "lost", total)
        self.lost = total
        return lost


def address_of(what):
    return DESTINATIONS.get(what) or "02:88:b5:00:00:%02x" % list(ENDS).index(what)


def show_frame(sent, got):
    """A frame that came, in words: its tags, and addresses that are others than were sent."""
    port, destination, _ = sent
    words = [frames.show_tags(got[2])]
    if got[0] != address_of(destination):
        words.append("to-" + got[0])
    if got[1] != address_of(port):
        words.append("from-" + got[1])
    return ",".join(words)


def send_repeats(recorder, configuration):
    """Who got what: for "INDEX RECEIVER" a list, for each time that the frame was sent, of frames in words."""
    got = {}
    for repeat in range(REPEATS):
        recorder.send_all(configuration, str(repeat))
        for name, one in recorder.barrier():
            number, kind, index = one[3].split(b" ")[:3]
            if int(number) != configuration["number"] or kind.decode() != str(repeat):
                sys.exit("configuration %d, time %d: %s gets one of configuration %s, time %s: the order of frames is not kept" % (
                    configuration["number"], repeat, name, number.decode(), kind.decode()))
            each = got.setdefault("%s %s" % (index.decode(), name), [[] for _ in range(REPEATS)])
            each[repeat] = sorted(each[repeat] + [show_frame(configuration["sent"][int(index)], one)])
    return got


def record_one(recorder, configuration):
    for _ in range(MAX_LOSSES):
        recorder.losses()
        appctl("fdb/flush", "br0")
        appctl("revalidator/purge")
        # So that all addresses are known, or never will be.
        recorder.send_all(configuration, "learn", to_all=True)
        recorder.barrier()
        appctl("revalidator/purge")
        got = send_repeats(recorder, configuration)
        flows = [line for line in appctl("dpctl/dump-flows", "--names", "-m").splitlines() if "0x88b5" in line and "02:88:b6" not in line]
        if not recorder.losses():
            return got, flows
        print("configuration %d: the guest has lost frames; once more" % configuration["number"], flush=True)
    sys.exit("configuration %d: the guest loses frames" % configuration["number"])


def in_hardware():
    """How many frames rules have forwarded so far."""
    total = 0
    for port in [UPLINK] + REPRESENTORS:
        for line in run("ethtool", "-S", port).splitlines():
            if line.strip().startswith("hw_rx_packets:"):
                total += int(line.split()[1])
    return total


def one_cpu():
    """Keeps this program and ovs-vswitchd on one CPU."""
    os.sched_setaffinity(0, {0})
    with open("/run/ovs/ovs-vswitchd.pid") as file:
        for task in glob.glob("/proc/%s/task/*" % file.read().strip()):
            os.sched_setaffinity(int(os.path.basename(task)), {0})


def record(path, first, count, seed):
    one_cpu()
    recorder = Recorder()
    hardware, begin, before = in_hardware(), time.monotonic(), None
    with open(path, "w") as file:
        for number in range(first, first + count):
            configuration = configuration_of(number, seed)
            configure(configuration, before)
            before = configuration
            got, flows = record_one(recorder, configuration)
            json.dump({**configuration, "got": got, "flows": flows}, file)
            file.write("\n")
        json.dump({"hardware": in_hardware() - hardware}, file)
    print("%d configurations in %d s" % (count, time.monotonic() - begin))


# The comparison.

def show(configuration):
    """A configuration in one line."""
    words = ["%s %s" % (port, " ".join("%s=%s" % (name, column(value)) for name, value in columns.items()) or "trunk")
             for port, columns in configuration["ports"].items()]
    mirror = configuration["mirror"]
    return "; ".join(words + (["mirror " + " ".join("%s=%s" % each for each in mirror.items())] if mirror else []) + configuration["rules"])


def actions_of(configuration, port, tags):
    """What flows do with frames from 'port'; of its flow, as far as that is to be told from its text."""
    found = []
    for line in configuration["flows"]:
        if "in_port(%s)" % port not in line or bool(tags) != ("vlan(" in line):
            continue
        if tags and "vid=%d" % (tags[0][1] & 0xFFF) not in line:
            continue
        found.append("%s %s" % ("offloaded" if "offloaded:yes" in line else "software", line.split("actions:")[1]))
    return " | ".join(sorted(set(found))) or "no flow"


def show_got(each):
    """What came each time; once if it was always the same."""
    words = [" ".join(got) or "nothing" for got in each or [[]]]
    return words[0] if len(set(words)) == 1 else "by turns " + " / ".join(words)


def compare_one(right, other):
    """Returns lines about frames that differ."""
    lines = []
    for index, (port, destination, tags) in enumerate(right["sent"]):
        wrong = ["%s gets %s, not %s" % (name, show_got(other["got"].get(key)), show_got(right["got"].get(key)))
                 for name in ENDS.values() for key in ["%d %s" % (index, name)] if right["got"].get(key) != other["got"].get(key)]
        if wrong:
            lines.append("  %s, %s from %s: %s\n    %s" % (
                frames.show_tags(tags), destination, port, "; ".join(wrong), actions_of(other, port, tags)))
    return lines


def compare(right_path, other_path):
    with open(right_path) as right_file, open(other_path) as other_file:
        pairs = [(json.loads(right), json.loads(other)) for right, other in zip(right_file, other_file, strict=True)]
    hardware = pairs.pop()[1]["hardware"]
    differ = frames_differ = 0
    for right, other in pairs:
        lines = compare_one(right, other)
        if lines:
            differ += 1
            frames_differ += len(lines)
            print("configuration %d, vlan-limit %d: %s" % (right["number"], right["limit"], show(right)))
            print("\n".join(lines))
    flows = [flow for _, other in pairs for flow in other["flows"]]
    print("frames sent: %d, of these in hardware: %d; flows: %d, of these in hardware: %d; received: %d; frames that differ: %d of %d; "
          "configurations that differ: %d of %d" % (
              len(pairs) * FRAMES * REPEATS, hardware, len(flows), sum("offloaded:yes" in flow for flow in flows),
              sum(len(got) for right, _ in pairs for each in right["got"].values() for got in each), frames_differ, len(pairs) * FRAMES,
              differ, len(pairs)))
    sys.exit(differ != 0)


if __name__ == "__main__":
    if sys.argv[1] == "record":
        record(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    else:
        compare(*sys.argv[2:])
