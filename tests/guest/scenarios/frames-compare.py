"""Random configurations of a bridge, and what each receiver gets of some frames.

    frames-compare.py record FILE COUNT SEED     configures br0 COUNT times, sends, and writes down who got what
    frames-compare.py compare FILE FILE          says which configurations differ; fails if any does

The bridge has the uplink, the representors of VFs 0 to 4 and itself as ports.  The same SEED makes the same configurations and
frames, so that one datapath can be compared with another.  Each frame is sent twice: the first one makes the flow, and the second
one counts.
"""

import collections
import json
import random
import subprocess
import sys

import frames

VFS = 5
UPLINK = "enp1s0np0"
REPRESENTORS = ["enp1s0npf0vf%d" % vf for vf in range(VFS)]
# Who is behind a port, as a sender and a receiver.
ENDS = {UPLINK: "wire0", "br0": "br0", **{rep: "enp1s0v%d" % vf for vf, rep in enumerate(REPRESENTORS)}}
DESTINATIONS = {"broadcast": "ff:ff:ff:ff:ff:ff", "multicast": "01:00:5e:01:02:03", "unknown": "02:de:ad:00:00:01"}
TAGGINGS = [(), (), ((0x8100, 10),), ((0x8100, 20),), ((0x8100, 30),), ((0x8100, 10 | 3 << 13),),
            ((0x8100, 10), (0x8100, 20)), ((0x8100, 20), (0x8100, 10))]
FRAMES = 6                      # Per configuration.
MEASURED, WARM = b"m", b"w"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def random_vlans(chance, is_uplink):
    """A port's columns."""
    kind = chance.choice(["access"] * 3 + ["trunk"] * (6 if is_uplink else 2) + ["some", "native-tagged", "native-untagged"]
                         + ["dot1q-tunnel"] * (not is_uplink))
    tag, some = chance.choice([10, 20, 30]), sorted(chance.sample([10, 20, 30], 2))
    if kind == "access":
        return {"tag": tag}
    if kind == "trunk":
        return {}
    if kind == "some":
        return {"trunks": some}
    if kind == "dot1q-tunnel":
        return {"tag": tag, "vlan_mode": kind}
    return {"tag": tag, "vlan_mode": kind, **({"trunks": some} if chance.random() < 0.5 else {})}


def random_mirror(chance):
    """A mirror's columns, or None."""
    if chance.random() < 0.6:
        return None
    mirror = chance.choice([{"select_all": True}, {"select_src_port": chance.choice(REPRESENTORS + [UPLINK])},
                            {"select_dst_port": chance.choice(REPRESENTORS + [UPLINK])}])
    return {**mirror, "output_port": chance.choice(REPRESENTORS + [UPLINK])}


def configurations(count, seed):
    """Each: columns of ports, mirror, how many tags Open vSwitch looks at, and the frames to be sent."""
    chance = random.Random(seed)
    for number in range(count):
        ports = {port: random_vlans(chance, port == UPLINK) for port in [UPLINK] + REPRESENTORS}
        # The bridge's own port in a flood keeps that out of hardware, so it is not always there.
        ports["br0"] = random_vlans(chance, False) if chance.random() < 0.3 else {"tag": 99}
        sent = [(chance.choice(list(ENDS)), chance.choice(list(DESTINATIONS)), chance.choice(TAGGINGS)) for _ in range(FRAMES)]
        yield {"number": number, "ports": ports, "mirror": random_mirror(chance), "limit": 1 if number % 2 else 2, "sent": sent}


def column(value):
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def configure(configuration):
    command = ["ovs-vsctl", "--timeout=30", "set", "Open_vSwitch", ".", "other_config:vlan-limit=%d" % configuration["limit"],
               "--", "clear", "Bridge", "br0", "mirrors"]
    for port, columns in configuration["ports"].items():
        command += ["--", "set", "Port", port] + [
            "%s=%s" % (name, column(columns.get(name, "[]"))) for name in ("tag", "trunks", "vlan_mode")]
    mirror = configuration["mirror"]
    if mirror:
        names = [value for name, value in mirror.items() if name != "select_all"]
        for number, name in enumerate(dict.fromkeys(names)):
            command += ["--", "--id=@p%d" % number, "get", "Port", name]
        index = {name: "@p%d" % number for number, name in enumerate(dict.fromkeys(names))}
        command += ["--", "--id=@m", "create", "Mirror", "name=m"] + [
            "%s=%s" % (name, index.get(value, column(value))) for name, value in mirror.items()]
        command += ["--", "set", "Bridge", "br0", "mirrors=@m"]
    run(*command)
    # Flows of the last configuration.
    run("ovs-appctl", "revalidator/purge")


def in_hardware():
    """How many frames rules have forwarded so far."""
    total = 0
    for port in [UPLINK] + REPRESENTORS:
        for line in run("ethtool", "-S", port).splitlines():
            if line.strip().startswith("hw_rx_packets:"):
                total += int(line.split()[1])
    return total


def send_all(configuration, ends, kind):
    for index, (port, destination, tags) in enumerate(configuration["sent"]):
        source = "02:88:b5:00:00:%02x" % list(ENDS).index(port)
        payload = b"%s %d %d" % (kind, configuration["number"], index)
        ends[ENDS[port]].send(frames.frame(source, DESTINATIONS[destination], tags, payload))
    found = collections.defaultdict(list)
    for name, (_, _, tags, payload) in frames.gather(ends.values(), 0.2):
        got_kind, number, index = payload.rstrip(b"\0").split()
        if got_kind == kind and int(number) == configuration["number"]:
            found["%s %s" % (index.decode(), name)].append(frames.show_tags(tags))
    return {key: sorted(value) for key, value in found.items()}


def record(path, count, seed):
    ends = {name: frames.Port(name) for name in ENDS.values()}
    before = in_hardware()
    with open(path, "w") as file:
        for configuration in configurations(count, seed):
            configure(configuration)
            send_all(configuration, ends, WARM)
            got = send_all(configuration, ends, MEASURED)
            flows = [line for line in run("ovs-appctl", "dpctl/dump-flows", "--names", "-m").splitlines() if "0x88b5" in line]
            json.dump({**configuration, "got": got, "flows": flows}, file)
            file.write("\n")
        json.dump({"hardware": in_hardware() - before}, file)


def show(configuration):
    """A configuration in one line."""
    words = ["%s %s" % (port, " ".join("%s=%s" % (name, column(value)) for name, value in columns.items()) or "trunk")
             for port, columns in configuration["ports"].items()]
    mirror = configuration["mirror"]
    return "; ".join(words + (["mirror " + " ".join("%s=%s" % each for each in mirror.items())] if mirror else []))


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


def compare(right_path, other_path):
    with open(right_path) as right_file, open(other_path) as other_file:
        pairs = [(json.loads(right), json.loads(other)) for right, other in zip(right_file, other_file)]
    hardware = pairs.pop()[1]["hardware"]
    differ = frames_differ = 0
    for right, other in pairs:
        lines = []
        for index, (port, destination, tags) in enumerate(right["sent"]):
            wrong = ["%s gets %s, not %s" % (name, " ".join(other["got"].get(key, [])) or "nothing",
                                            " ".join(right["got"].get(key, [])) or "nothing")
                     for name in ENDS.values() for key in ["%d %s" % (index, name)]
                     if right["got"].get(key) != other["got"].get(key)]
            if wrong:
                frames_differ += 1
                lines.append("  %s, %s from %s: %s\n    %s" % (
                    frames.show_tags(tags), destination, port, "; ".join(wrong), actions_of(other, port, tags)))
        if lines:
            differ += 1
            print("configuration %d, vlan-limit %d: %s" % (right["number"], right["limit"], show(right)))
            print("\n".join(lines))
    print("frames sent: %d, of these in hardware: %d, received: %d; frames that differ: %d; configurations that differ: %d of %d" % (
        2 * len(pairs) * FRAMES, hardware,
        sum(len(got) for right, _ in pairs for got in right["got"].values()), frames_differ, differ, len(pairs)))
    sys.exit(differ != 0)


if __name__ == "__main__":
    if sys.argv[1] == "record":
        record(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        compare(*sys.argv[2:])
