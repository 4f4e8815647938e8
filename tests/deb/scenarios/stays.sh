#!/bin/bash
# a newer revision of the distribution's is on offer: apt-get upgrade leaves ours, and says why to who asks
# after: fresh
boot1() {
    offer debian newer
    check "the newer one is not higher" dpkg --compare-versions "$newer" gt "$ours"
    # Or else this proves nothing.
    contains "$(apt-get -s -o Dir::Etc::PreferencesParts=/nowhere upgrade)" "Inst openvswitch-switch [$ours] ($newer" \
        || fail "without the preference it would stay as well"
    for how in upgrade dist-upgrade "install openvswitch-switch"; do
        apt_get $how
        check "after $how" all_are "$ours"
    done
    apt-cache policy openvswitch-switch
    contains "$(apt-cache policy openvswitch-switch)" "Candidate: $ours" || fail "another one is preferred"
    check "the preference is nobody's" dpkg -S /etc/apt/preferences.d/openvswitch-cx-sriov.pref

    say "a person decides otherwise, as README.Debian has it"
    zcat /usr/share/doc/openvswitch-switch/README.Debian.gz | sed -n '/^ *Package: /,/^ *Pin-P/s/^ *//p' >/etc/apt/preferences.d/00-openvswitch.pref
    contains "$(apt-get -s upgrade)" "Inst openvswitch-switch [$ours] ($newer" || fail "the person is not heard"
    rm /etc/apt/preferences.d/00-openvswitch.pref
}
