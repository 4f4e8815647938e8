#!/bin/bash
# "ovs-sriov apply" ended while VFs have no driver: by signals it gives them back first, killed outright the next run does
# limit: 240
unbound() { [ ! -e "/sys/bus/pci/devices/$(vf_pci 0 "$1")/driver" ] || { echo "VF $1 has a driver"; return 1; }; }
bound() { [ -e "/sys/bus/pci/devices/$(vf_pci 0 "$1")/driver" ] || { echo "VF $1 has no driver"; return 1; }; }
all() { local v; for v in 0 1 2; do "$@" $v || return 1; done; }
# in_driver PID: it waits for the NIC's driver; with all VFs unbound, for the mode that it asked for.
in_driver() { cat /proc/"$1"/task/*/stack | grep -q simnic; }
# apply_ended SIGNAL: sets $status to how an "apply" ended that got it while all VFs were without their drivers.
apply_ended() {
    local pid
    env -u OVS_SYSCONFDIR ovs-sriov apply >/tmp/out 2>&1 &
    pid=$!
    wait_until 20 all unbound
    wait_until 20 in_driver $pid
    kill -0 $pid || fail "it ended before it got the signal"
    kill -s "$1" $pid
    status=0
    wait $pid || status=$?
    say "$1: status $status"
    cat /tmp/out
}

sriov_conf <<END
[$(pf_pci 0)]
vfs = 3
mtu = 2000
END
for signal in TERM INT HUP; do
    nic_load
    nic_vfs 0 3
    # The driver takes its time for the mode, during which VFs are unbound.
    nic_knob 0 mode_delay 3000
    apply_ended $signal
    check "VFs have their drivers" all bound
    check "it is no success" at_least $status 1
    check "what was begun is done" contains "$(devlink dev eswitch show "pci/$(pf_pci 0)")" "mode switchdev"
    check "no more than that" contains "$(cat /tmp/out)" "mtu 2000: not done: ended by a signal"
    nic_knob 0 mode_delay 0
    check "a second run goes on" sriov apply
    check "and ends it" equal "$(sriov apply)" "nothing to do"
    check "after $signal" equal "$(cat /sys/class/net/ovs-sw1pf0vf2/mtu)" 2000
    nic_unload
done

say "killed outright"
nic_load
nic_vfs 0 3
# One that a person wants without a driver stays so.
echo "$(vf_pci 0 2)" >"/sys/bus/pci/devices/$(vf_pci 0 2)/driver/unbind"
nic_knob 0 mode_delay 3000
apply_ended KILL
two_unbound() { unbound 0 && unbound 1; }
check "nobody gave them back" two_unbound
nic_knob 0 mode_delay 0
sriov apply >/tmp/out || { cat /tmp/out; fail "the next run"; }
cat /tmp/out
check "VF 0" bound 0
check "VF 1" bound 1
check "VF 2, of which nobody spoke" unbound 2
check "all else is done" equal "$(sriov apply)" "nothing to do"
check "nothing is noted any more" [ ! -e /run/ovs-sriov.unbound ]
nic_unload

say "killed between the two for an address"
nic_load
nic_switchdev 0
nic_vfs 0 3
echo "$(vf_pci 0 1)" >/run/ovs-sriov.unbound
echo "$(vf_pci 0 1)" >"/sys/bus/pci/devices/$(vf_pci 0 1)/driver/unbind"
check "the next run" sriov apply
check "VF 1" bound 1
