// SPDX-License-Identifier: GPL-2.0
/*
 * Faults on demand: /sys/kernel/debug/simnic/<PF's PCI address>/
 *
 *   refuse_rules      errno that every new rule is refused with (95 EOPNOTSUPP, 28 ENOSPC, 16 EBUSY ...), 0: none
 *   max_rules         rules that a port's table holds; more are refused with ENOSPC; 0: no limit
 *   refuse_switchdev  errno that "eswitch set mode switchdev" is refused with, 0: none
 *   mode_delay        ms that a mode change takes beyond its work, with devlink's lock held and the representors there already, as
 *                     mlx5's takes seconds with many VFs (mlx5_devlink_eswitch_mode_set(), Linux 6.1); 0: none
 *   lag_delay         ms from a bond to the card's VF-LAG (100)
 *   keep_macs         1: an address that is set by devlink is taken, and the function keeps the one that it has
 *   cable_pulled      Y: no carrier on the uplink and on its wire
 *   recover           written: the driver recovers from a failure of the firmware, of mlx5
 */
#include <linux/debugfs.h>
#include <linux/rtnetlink.h>

#include "simnic.h"

static struct dentry *root;
/* Where mlx5 tells of VF-LAG and multiport: lag/debugfs.c, state_show(). */
static struct dentry *mlx5_root;

static int lag_state_show(struct seq_file *file, void *unused)
{
	struct simnic_pf *pf = file->private;

	seq_printf(file, "%s\n", READ_ONCE(pf->card->lag_mode) == SIMNIC_LAG_NONE ? "disabled" : "active");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lag_state);

static int cable_get(void *data, u64 *value)
{
	*value = ((struct simnic_pf *)data)->cable_pulled;
	return 0;
}

static int cable_set(void *data, u64 value)
{
	struct simnic_pf *pf = data;

	rtnl_lock();
	pf->cable_pulled = value != 0;
	simnic_carrier_update(pf);
	rtnl_unlock();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(cable_fops, cable_get, cable_set, "%llu\n");

static int recover_set(void *data, u64 value)
{
	return simnic_recover(data);
}
DEFINE_DEBUGFS_ATTRIBUTE(recover_fops, NULL, recover_set, "%llu\n");

void simnic_knobs_init(void)
{
	root = debugfs_create_dir(SIMNIC_NAME, NULL);
	if (simnic_is.vf_lag)
		mlx5_root = debugfs_create_dir("mlx5", NULL);
}

void simnic_knobs_exit(void)
{
	debugfs_remove_recursive(root);
	debugfs_remove_recursive(mlx5_root);
}

void simnic_knobs_add(struct simnic_pf *pf)
{
	pf->debugfs = debugfs_create_dir(pci_name(pf->pdev), root);
	debugfs_create_u32("refuse_rules", 0644, pf->debugfs, &pf->refuse_rules);
	debugfs_create_u32("max_rules", 0644, pf->debugfs, &pf->max_rules);
	debugfs_create_u32("refuse_switchdev", 0644, pf->debugfs, &pf->refuse_switchdev);
	debugfs_create_u32("keep_macs", 0644, pf->debugfs, &pf->keep_macs);
	debugfs_create_u32("mode_delay", 0644, pf->debugfs, &pf->mode_delay);
	debugfs_create_u32("lag_delay", 0644, pf->debugfs, &pf->card->lag_delay);
	debugfs_create_file_unsafe("cable_pulled", 0644, pf->debugfs, pf, &cable_fops);
	if (mlx5_root) {
		debugfs_create_file_unsafe("recover", 0200, pf->debugfs, pf, &recover_fops);
		pf->mlx5_debugfs = debugfs_create_dir(pci_name(pf->pdev), mlx5_root);
		debugfs_create_file("state", 0444, debugfs_create_dir("lag", pf->mlx5_debugfs), pf, &lag_state_fops);
	}
}

void simnic_knobs_del(struct simnic_pf *pf)
{
	debugfs_remove_recursive(pf->debugfs);
	debugfs_remove_recursive(pf->mlx5_debugfs);
}
