#!/bin/bash
# Prometheus scrapes the exporter, which runs only while somebody asks, and node_exporter has the same from its file
# after: fresh
# limit: 1200
howto_names
value() { promtool query instant http://127.0.0.1:9090 "$1" | sed -n 's/.* => \([^ ]*\) @.*/\1/p'; }
is() { equal "$(value "$1")" "$2"; }
unit_is() { equal "$(systemctl is-active "$1")" "$2"; }
boot1() {
    wait_until 60 bond_is_up
    wait_until 60 rep_ports vmbr1 8
    for unit in ovs-sriov-exporter.socket ovs-sriov-metrics.timer; do
        check "$unit is off" equal "$(systemctl is-enabled $unit) $(systemctl is-active $unit)" "disabled inactive"
    done
    offer debian
    apt_get install prometheus prometheus-node-exporter
    cat >/etc/prometheus/prometheus.yml <<END
global: {scrape_interval: 10s, scrape_timeout: 10s, evaluation_interval: 5s}
rule_files: [/usr/share/openvswitch/metrics/ovs-sriov.rules.yml]
scrape_configs:
- {job_name: ovs-sriov, static_configs: [{targets: ["127.0.0.1:9479"]}]}
- {job_name: node, static_configs: [{targets: ["127.0.0.1:9100"]}]}
END
    systemctl stop prometheus
    check "promtool" promtool check config /etc/prometheus/prometheus.yml
    # The README's two lines.
    systemctl enable --now ovs-sriov-exporter.socket
    systemctl enable --now ovs-sriov-metrics.timer
    check "nobody has asked yet" unit_is ovs-sriov-exporter.service inactive
    systemctl start prometheus
    wait_until 120 is 'up{job="ovs-sriov"}' 1
    check "somebody has" unit_is ovs-sriov-exporter.service active
    check_healthy

    vfs_talk
    vsctl set Interface "$(rep 0 1)" external_ids:vm-id=100
    wait_until 150 is 'sum(ovs_sriov_function_bridged{job="ovs-sriov"})' 8
    wait_until 150 is 'ovs_sriov_function_bridged{job="ovs-sriov",vm="100"}' 1
    wait_until 150 is 'sum(ovs_sriov_function_packets_total{job="ovs-sriov",path="hardware"}) > bool 0' 1
    wait_until 120 is 'ovs_sriov_up{job="node"}' 1
    check "the same from both" is 'sum(ovs_sriov_function_bridged{job="node"})' 8
    tell "$(value 'count({job="ovs-sriov",__name__=~"ovs_sriov_.*"})') samples; a scrape takes $(value 'scrape_duration_seconds{job="ovs-sriov"}') s"
    tell "$(systemd-analyze --no-pager security ovs-sriov-exporter.service | tail -1)"

    say "ovs-vswitchd goes, and an alert comes"
    systemctl stop ovs-vswitchd
    wait_until 150 is 'ovs_sriov_up{job="ovs-sriov"}' 0
    check "the exporter itself answers" is 'up{job="ovs-sriov"}' 1
    wait_until 150 is 'count(ALERTS{job="ovs-sriov",alertname="OvsSriovNoAnswer"})' 1
    systemctl start openvswitch-switch
    wait_until 150 is 'ovs_sriov_up{job="ovs-sriov"}' 1

    say "nobody asks any more"
    systemctl stop prometheus
    wait_until 120 unit_is ovs-sriov-exporter.service inactive
    check "but it would be started" unit_is ovs-sriov-exporter.socket active
    check_healthy
}
