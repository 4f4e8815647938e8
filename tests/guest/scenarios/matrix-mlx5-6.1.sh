#!/bin/bash
# on the NIC of Linux 6.1's mlx5: VF to VF and to the wire, a Linux bond, modes to and fro
# long: three scenarios in one
# limit: 900
PERSONALITY=mlx5-6.1 ROUNDS=1
for body in offload-vf linux-bond mode-cycle; do
    say "$body"
    # As in a shell of its own, as the runner has it.
    (. "/host/guest/scenarios/$body.sh")
    scenario_clean
done
