// SPDX-License-Identifier: GPL-2.0
/*
 * PCI driver for the functions of QEMU's NVMe model, which is the only one there that has SR-IOV and needs no driver
 * of its own to keep it alive.  Nothing of NVMe is used: the functions just give real PCI addresses, sriov_numvfs,
 * virtfnN and physfn.
 */
#include <linux/module.h>
#include <linux/rtnetlink.h>

#include "answers.h"
#include "simnic.h"
#include "tunnel.h"

bool simnic_plain_names;
module_param_named(plain_names, simnic_plain_names, bool, 0444);
MODULE_PARM_DESC(plain_names, "Name network devices ethN and leave the rest to udev (default: the names udev would give)");

bool simnic_uplink_tc_off;
module_param_named(uplink_tc_off, simnic_uplink_tc_off, bool, 0644);
MODULE_PARM_DESC(uplink_tc_off, "Uplinks start with hw-tc-offload off");

static char *personality = "mlx5";
module_param(personality, charp, 0444);
MODULE_PARM_DESC(personality, "Behave like this driver; personality.c has the table (default mlx5); a path: as the JSON of ovs-sriov probe there");

/* These change one thing of the personality. */
static char *driver;
module_param(driver, charp, 0444);
MODULE_PARM_DESC(driver, "The PCI driver's name, by which programs tell what the NIC can do");

static bool vfs_need_up;
module_param(vfs_need_up, bool, 0444);
MODULE_PARM_DESC(vfs_need_up, "The number of VFs changes only while the uplink is up, and nothing says so otherwise");

static bool mode_needs_no_vfs;
module_param(mode_needs_no_vfs, bool, 0444);
MODULE_PARM_DESC(mode_needs_no_vfs, "The mode changes only while there are no VFs, as with ice");

static bool mode_needs_vfs;
module_param(mode_needs_vfs, bool, 0444);
MODULE_PARM_DESC(mode_needs_vfs, "Switchdev mode needs VFs, as with bnxt_en of Linux 6.1");

static bool lag_needs_unbound;
module_param(lag_needs_unbound, bool, 0444);
MODULE_PARM_DESC(lag_needs_unbound, "Multiport and VF-LAG come and multiport goes only while no VF of the card has a driver, as firmware of mlx5 may want it");

static bool raw_traffic;
module_param(raw_traffic, bool, 0444);
MODULE_PARM_DESC(raw_traffic, "What comes in at an uplink, or out of an internal port, may go out at that uplink (mlx5's capability termination_table_raw_traffic)");

static unsigned int ports_per_card = 2;
module_param(ports_per_card, uint, 0444);
MODULE_PARM_DESC(ports_per_card, "How many PFs, in PCI order, make one card (default 2)");

/* Places of the PFs, found once: a PF that is unbound and bound again is still the same port of the same card. */
static struct { int domain; unsigned int bus, devfn; } slots[SIMNIC_MAX_PFS];
static unsigned int n_slots;
struct simnic_card simnic_cards[SIMNIC_MAX_PFS];

static const struct pci_device_id simnic_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT, 0x0010) },
	{ }
};
MODULE_DEVICE_TABLE(pci, simnic_ids);

static int slot_of(const struct pci_dev *pdev)
{
	unsigned int i;

	for (i = 0; i < n_slots; i++)
		if (slots[i].domain == pci_domain_nr(pdev->bus) && slots[i].bus == pdev->bus->number &&
		    slots[i].devfn == pdev->devfn)
			return i;
	return -ENODEV;
}

static void find_slots(void)
{
	struct pci_dev *pdev = NULL;
	unsigned int i;

	while ((pdev = pci_get_device(simnic_ids[0].vendor, simnic_ids[0].device, pdev)) != NULL) {
		if (pdev->is_virtfn || n_slots >= SIMNIC_MAX_PFS)
			continue;
		slots[n_slots].domain = pci_domain_nr(pdev->bus);
		slots[n_slots].bus = pdev->bus->number;
		slots[n_slots].devfn = pdev->devfn;
		n_slots++;
	}
	for (i = 0; i < SIMNIC_MAX_PFS; i++) {
		static const u8 id[] = { 0x32, 0x64, 0x16, 0x00, 0x03, 0xbd, 0x70, 0xc4 };

		simnic_cards[i].number = i;
		memcpy(simnic_cards[i].switch_id.id, id, sizeof(id));
		simnic_cards[i].switch_id.id[sizeof(id) - 1] += i;
		simnic_cards[i].switch_id.id_len = sizeof(id);
		xa_init(&simnic_cards[i].ports);
		simnic_card_init(&simnic_cards[i]);
	}
}

static int vf_probe(struct pci_dev *pdev)
{
	struct simnic_pf *pf = pci_get_drvdata(pci_physfn(pdev));
	int number = pci_iov_vf_id(pdev);
	struct simnic_vport *vport;
	struct net_device *dev;
	int err;

	if (!pf || number < 0)
		return -ENODEV;
	/* The PF creates its vports before it enables the functions and frees them after it disabled them. */
	vport = xa_load(&pf->vports, number + 1);
	if (!vport)
		return -ENODEV;
	dev = simnic_netdev_create(pf, vport, SIMNIC_FUNC, &pdev->dev);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	rtnl_lock();
	err = register_netdevice(dev);
	if (!err) {
		vport->func = dev;
		rcu_assign_pointer(vport->func_port, netdev_priv(dev));
		simnic_carrier_update(pf);
	}
	rtnl_unlock();
	if (err) {
		free_netdev(dev);
		return err;
	}
	pci_set_drvdata(pdev, vport);
	return 0;
}

static void vf_remove(struct pci_dev *pdev)
{
	struct simnic_vport *vport = pci_get_drvdata(pdev);
	struct net_device *dev = vport->func;

	rtnl_lock();
	RCU_INIT_POINTER(vport->func_port, NULL);
	vport->func = NULL;
	unregister_netdevice(dev);
	rtnl_unlock();
	free_netdev(dev);
}

static int simnic_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct simnic_pf *pf;
	int slot, err;

	if (pdev->is_virtfn)
		return vf_probe(pdev);

	slot = slot_of(pdev);
	if (slot < 0)
		return slot;
	err = pci_enable_device(pdev);
	if (err)
		return err;
	pf = simnic_pf_create(pdev, &simnic_cards[slot / ports_per_card], slot, slot % ports_per_card);
	if (IS_ERR(pf)) {
		pci_disable_device(pdev);
		return PTR_ERR(pf);
	}
	pci_set_drvdata(pdev, pf);
	return 0;
}

static int simnic_sriov_configure(struct pci_dev *pdev, int n)
{
	struct simnic_pf *pf = pci_get_drvdata(pdev);
	int err;

	/*
	 * Like mlx5: representors first, then the functions; the other way round at the end.  VFs are probed from
	 * inside pci_enable_sriov(), so the devlink lock must not be held there.
	 */
	if (!n) {
		pci_disable_sriov(pdev);
		simnic_vfs_destroy(pf);
		return 0;
	}
	err = simnic_vfs_create(pf, n);
	if (err)
		return err;
	err = pci_enable_sriov(pdev, n);
	if (err) {
		simnic_vfs_destroy(pf);
		return err;
	}
	return n;
}

/* What sriov_numvfs calls. */
static int simnic_sriov_numvfs(struct pci_dev *pdev, int n)
{
	struct simnic_pf *pf = pci_get_drvdata(pdev);

	return simnic_is.vfs_need_up && !netif_running(pf->uplink) ? 0 : simnic_sriov_configure(pdev, n);
}

static void simnic_remove(struct pci_dev *pdev)
{
	if (pdev->is_virtfn) {
		vf_remove(pdev);
		return;
	}
	simnic_sriov_configure(pdev, 0);
	simnic_pf_destroy(pci_get_drvdata(pdev));
	pci_set_drvdata(pdev, NULL);
	pci_disable_device(pdev);
}

static struct pci_driver simnic_driver = {
	.id_table = simnic_ids,
	.probe = simnic_probe,
	.remove = simnic_remove,
	.sriov_configure = simnic_sriov_numvfs,
};

static int __init personality_init(void)
{
	int err;

	if (strchr(personality, '/')) {
		err = simnic_answers_read(personality);
	} else {
		err = simnic_personality_choose(personality);
		if (err)
			pr_err(SIMNIC_NAME ": no personality \"%s\"\n", personality);
	}
	if (err)
		return err;
	if (driver)
		simnic_is.driver = driver;
	simnic_is.vfs_need_up |= vfs_need_up;
	simnic_is.lag_needs_unbound |= lag_needs_unbound;
	simnic_is.raw_traffic |= raw_traffic;
	/* ice_eswitch.c:345, ice_eswitch_mode_set(), 6.12. */
	if (mode_needs_no_vfs)
		simnic_is.refusals[SIMNIC_MODE_WITH_VFS] = (struct simnic_words) {
			EOPNOTSUPP, "Changing eswitch mode is allowed only if there is no VFs created",
		};
	/* bnxt_vfr.c:581, bnxt_dl_eswitch_mode_set(), 6.1. */
	if (mode_needs_vfs)
		simnic_is.refusals[SIMNIC_MODE_WITHOUT_VFS] = (struct simnic_words) { EPERM };
	return 0;
}

static int __init simnic_init(void)
{
	int err;

	if (!ports_per_card)
		return -EINVAL;
	err = personality_init();
	if (err)
		return err;
	find_slots();
	simnic_knobs_init();
	err = simnic_notifier_init();
	if (err)
		goto err_knobs;
	err = simnic_tunnel_init();
	if (err)
		goto err_notifier;
	simnic_driver.name = simnic_is.driver;
	err = pci_register_driver(&simnic_driver);
	if (err)
		goto err_tunnel;
	return 0;

err_tunnel:
	simnic_tunnel_exit();
err_notifier:
	simnic_notifier_exit();
err_knobs:
	simnic_knobs_exit();
	simnic_answers_free();
	return err;
}

static void __exit simnic_exit(void)
{
	unsigned int i;

	pci_unregister_driver(&simnic_driver);
	simnic_tunnel_exit();
	simnic_notifier_exit();
	simnic_knobs_exit();
	for (i = 0; i < SIMNIC_MAX_PFS; i++) {
		simnic_card_stop(&simnic_cards[i]);
		xa_destroy(&simnic_cards[i].ports);
	}
	rcu_barrier();
	simnic_answers_free();
}

module_init(simnic_init);
module_exit(simnic_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Simulated switchdev SR-IOV NIC on QEMU's NVMe functions");
