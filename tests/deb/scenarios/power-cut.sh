#!/bin/bash
# the power fails while representors are being added, twice: each boot ends with all of them, once
# after: fresh
howto_names
# Not check_healthy: without an orderly shutdown the bond is still in the database, which stock's ifupdown.sh says is an error.
whole() {
    check "the daemons run" daemons_run
    wait_until 60 bond_is_up
    wait_until 60 rep_ports vmbr1 8
    wait_until 60 agrees vmbr1
}
gone_and_back() {
    nic_vfs 0 0
    nic_vfs 1 0
    wait_until 120 rep_ports vmbr1 0
    nic_vfs 0 4
    nic_vfs 1 4 &
}

boot1() {
    whole
    gone_and_back
    some() { at_least "$(representor_ports vmbr1 | wc -l)" 1; }
    wait_until 60 some
    power_cut
}
boot2() {
    whole
    # Before any is in the database.
    gone_and_back
    power_cut
}
boot3() {
    whole
    vfs_start
    wire_up 0
    offloads
}
