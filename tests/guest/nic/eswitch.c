// SPDX-License-Identifier: GPL-2.0
/*
 * The embedded switch of a PF as devlink sees it: mode, ports, addresses and rates of functions, SFs.
 *
 * Everything here runs under the PF's devlink instance lock, and takes RTNL inside it where network devices change.
 */
#include <linux/delay.h>
#include <linux/rtnetlink.h>

#include "simnic.h"
#include "tunnel.h"

#define UPLINK_PORT_INDEX 0xffff	/* As mlx5 numbers it; VF n is n + 1. */

static void attrs_set(struct devlink_port *dl_port, struct simnic_pf *pf, enum devlink_port_flavour flavour)
{
	struct devlink_port_attrs attrs = { .flavour = flavour };

	if (flavour == DEVLINK_PORT_FLAVOUR_PHYSICAL)
		attrs.phys.port_number = pf->number;
	/* Also in legacy mode, as mlx5 does: a switch id alone does not mean switchdev. */
	attrs.switch_id = pf->card->switch_id;
	devlink_port_attrs_set(dl_port, &attrs);
}

static void type_set(struct devlink_port *dl_port, struct net_device *dev)
{
	/* From 6.2 on devlink learns it from SET_NETDEV_DEVLINK_PORT. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	devlink_port_type_eth_set(dl_port, dev);
#endif
}

static void type_clear(struct devlink_port *dl_port)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	devlink_port_type_clear(dl_port);
#endif
}

/* Gives 'port' its number in the card.  Under RTNL. */
static int port_publish(struct simnic_port *port)
{
	struct simnic_card *card = port->pf->card;

	port->id = ++card->next_id;
	return xa_err(xa_store(&card->ports, port->id, port, GFP_KERNEL));
}

static void port_withdraw(struct simnic_port *port)
{
	xa_erase(&port->pf->card->ports, port->id);
}

/* Function addresses. */

static struct simnic_vport *vport_of(struct devlink_port *dl_port)
{
	return container_of(dl_port, struct simnic_vport, dl_port);
}

static bool is_vport(struct devlink_port *dl_port)
{
	return dl_port->attrs.flavour == DEVLINK_PORT_FLAVOUR_PCI_VF ||
	       dl_port->attrs.flavour == DEVLINK_PORT_FLAVOUR_PCI_SF;
}

static int fn_hw_addr_get(struct devlink_port *dl_port, u8 *hw_addr, int *hw_addr_len,
			  struct netlink_ext_ack *extack)
{
	if (!is_vport(dl_port))
		return -EOPNOTSUPP;
	ether_addr_copy(hw_addr, vport_of(dl_port)->mac);
	*hw_addr_len = ETH_ALEN;
	return 0;
}

static int fn_hw_addr_set(struct devlink_port *dl_port, const u8 *hw_addr, int hw_addr_len,
			  struct netlink_ext_ack *extack)
{
	if (!is_vport(dl_port))
		return -EOPNOTSUPP;
	/* Zeros are an address to take: devlink's port.c:683 and mlx5's eswitch.c:1983 refuse multicast alone. */
	if (hw_addr_len != ETH_ALEN || is_multicast_ether_addr(hw_addr)) {
		NL_SET_ERR_MSG_MOD(extack, "invalid MAC address");
		return -EINVAL;
	}
	if (vport_of(dl_port)->pf->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV && simnic_refuse(SIMNIC_MAC, NULL))
		return simnic_refuse(SIMNIC_MAC, extack);
	/* As on real hardware, the function's driver uses it from its next probe on. */
	if (!vport_of(dl_port)->pf->keep_macs)
		ether_addr_copy(vport_of(dl_port)->mac, hw_addr);
	return 0;
}

/* SF state. */

static int sf_netdev_add(struct simnic_vport *vport)
{
	struct net_device *dev = simnic_netdev_create(vport->pf, vport, SIMNIC_FUNC, NULL);
	int err;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	rtnl_lock();
	err = register_netdevice(dev);
	if (!err) {
		vport->func = dev;
		rcu_assign_pointer(vport->func_port, netdev_priv(dev));
		simnic_carrier_update(vport->pf);
	}
	rtnl_unlock();
	if (err)
		free_netdev(dev);
	return err;
}

static void sf_netdev_del(struct simnic_vport *vport)
{
	struct net_device *dev = vport->func;

	if (!dev)
		return;
	rtnl_lock();
	RCU_INIT_POINTER(vport->func_port, NULL);
	vport->func = NULL;
	unregister_netdevice(dev);
	rtnl_unlock();
	free_netdev(dev);
}

static int fn_state_get(struct devlink_port *dl_port, enum devlink_port_fn_state *state,
			enum devlink_port_fn_opstate *opstate, struct netlink_ext_ack *extack)
{
	if (dl_port->attrs.flavour != DEVLINK_PORT_FLAVOUR_PCI_SF)
		return -EOPNOTSUPP;
	*state = vport_of(dl_port)->sf_active ? DEVLINK_PORT_FN_STATE_ACTIVE : DEVLINK_PORT_FN_STATE_INACTIVE;
	*opstate = vport_of(dl_port)->func ? DEVLINK_PORT_FN_OPSTATE_ATTACHED : DEVLINK_PORT_FN_OPSTATE_DETACHED;
	return 0;
}

static int fn_state_set(struct devlink_port *dl_port, enum devlink_port_fn_state state,
			struct netlink_ext_ack *extack)
{
	struct simnic_vport *vport = vport_of(dl_port);
	bool active = state == DEVLINK_PORT_FN_STATE_ACTIVE;
	int err = 0;

	if (dl_port->attrs.flavour != DEVLINK_PORT_FLAVOUR_PCI_SF)
		return -EOPNOTSUPP;
	if (active == vport->sf_active)
		return 0;
	if (active)
		err = sf_netdev_add(vport);
	else
		sf_netdev_del(vport);
	if (!err)
		vport->sf_active = active;
	return err;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
static int sf_port_del(struct devlink *devlink, struct devlink_port *dl_port, struct netlink_ext_ack *extack);

static const struct devlink_port_ops uplink_port_ops = { };
static const struct devlink_port_ops vf_port_ops = {
	.port_fn_hw_addr_get = fn_hw_addr_get,
	.port_fn_hw_addr_set = fn_hw_addr_set,
};
static const struct devlink_port_ops sf_port_ops = {
	.port_fn_hw_addr_get = fn_hw_addr_get,
	.port_fn_hw_addr_set = fn_hw_addr_set,
	.port_fn_state_get = fn_state_get,
	.port_fn_state_set = fn_state_set,
	.port_del = sf_port_del,
};
#endif

static int dl_port_register(struct simnic_pf *pf, struct devlink_port *dl_port, unsigned int index)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	const struct devlink_port_ops *ops = &uplink_port_ops;

	if (is_vport(dl_port))
		ops = vport_of(dl_port)->is_sf ? &sf_port_ops : &vf_port_ops;
	return devl_port_register_with_ops(pf->devlink, dl_port, index, ops);
#else
	return devl_port_register(pf->devlink, dl_port, index);
#endif
}

/* Representors. */

static int rate_leaf_create(struct simnic_vport *vport)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return devl_rate_leaf_create(&vport->dl_port, vport, NULL);
#else
	return devl_rate_leaf_create(&vport->dl_port, vport);
#endif
}

static int rep_create(struct simnic_vport *vport)
{
	struct simnic_pf *pf = vport->pf;
	struct net_device *dev;
	int err;

	memset(&vport->dl_port, 0, sizeof(vport->dl_port));
	attrs_set(&vport->dl_port, pf, DEVLINK_PORT_FLAVOUR_VIRTUAL);
	if (vport->is_sf)
		devlink_port_attrs_pci_sf_set(&vport->dl_port, 0, pf->number, vport->number, false);
	else
		devlink_port_attrs_pci_vf_set(&vport->dl_port, 0, pf->number, vport->number, false);
	err = dl_port_register(pf, &vport->dl_port, vport->index);
	if (err)
		return err;
	err = rate_leaf_create(vport);
	if (err) {
		devl_port_unregister(&vport->dl_port);
		return err;
	}

	dev = simnic_netdev_create(pf, vport, SIMNIC_REP, &pf->pdev->dev);
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
		goto err_port;
	}
	rtnl_lock();
	err = port_publish(netdev_priv(dev));
	if (!err)
		err = register_netdevice(dev);
	if (err) {
		port_withdraw(netdev_priv(dev));
		rtnl_unlock();
		free_netdev(dev);
		goto err_port;
	}
	vport->rep = dev;
	rcu_assign_pointer(vport->rep_port, netdev_priv(dev));
	simnic_carrier_update(pf);
	rtnl_unlock();
	type_set(&vport->dl_port, dev);
	return 0;

err_port:
	devl_rate_leaf_destroy(&vport->dl_port);
	devl_port_unregister(&vport->dl_port);
	return err;
}

/* Removes the representors of the vports whose index lies in 'first' to 'last', in one go. */
static void reps_destroy(struct simnic_pf *pf, unsigned long first, unsigned long last)
{
	struct simnic_vport *vport;
	unsigned long index;
	LIST_HEAD(gone);

	xa_for_each_range(&pf->vports, index, vport, first, last)
		if (vport->rep)
			type_clear(&vport->dl_port);

	rtnl_lock();
	xa_for_each_range(&pf->vports, index, vport, first, last) {
		if (!vport->rep)
			continue;
		RCU_INIT_POINTER(vport->rep_port, NULL);
		port_withdraw(netdev_priv(vport->rep));
		unregister_netdevice_queue(vport->rep, &gone);
	}
	unregister_netdevice_many(&gone);
	rtnl_unlock();

	xa_for_each_range(&pf->vports, index, vport, first, last) {
		if (!vport->rep)
			continue;
		simnic_flush(netdev_priv(vport->rep));
		devl_rate_leaf_destroy(&vport->dl_port);
		devl_port_unregister(&vport->dl_port);
		free_netdev(vport->rep);
		vport->rep = NULL;
	}
	rtnl_lock();
	simnic_carrier_update(pf);
	rtnl_unlock();
}

static struct simnic_vport *vport_create(struct simnic_pf *pf, bool is_sf, unsigned int number,
					 unsigned int index)
{
	struct simnic_vport *vport = kzalloc(sizeof(*vport), GFP_KERNEL);
	int err;

	if (!vport)
		return ERR_PTR(-ENOMEM);
	vport->pf = pf;
	vport->is_sf = is_sf;
	vport->number = number;
	vport->index = index;
	simnic_vport_init_rate(vport);
	/* Readable: card, PF, kind, number. */
	vport->name_mac[0] = 0x02;
	vport->name_mac[1] = pf->card->number;
	vport->name_mac[2] = pf->number;
	vport->name_mac[3] = is_sf ? 0x5f : 0xf0;
	vport->name_mac[4] = number >> 8;
	vport->name_mac[5] = number;
	/* The function's own, vport->mac, is zeros until somebody sets one (mlx5's eswitch.c, esw_vport_setup()). */
	err = xa_insert(&pf->vports, index, vport, GFP_KERNEL);
	if (!err && pf->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV) {
		err = rep_create(vport);
		if (err)
			xa_erase(&pf->vports, index);
	}
	if (err) {
		simnic_vport_free_rate(vport);
		kfree_rcu(vport, rcu);
		return ERR_PTR(err);
	}
	return vport;
}

static void vports_destroy(struct simnic_pf *pf, unsigned long first, unsigned long last)
{
	struct simnic_vport *vport;
	unsigned long index;

	reps_destroy(pf, first, last);
	xa_for_each_range(&pf->vports, index, vport, first, last) {
		if (vport->is_sf)
			sf_netdev_del(vport);
		xa_erase(&pf->vports, index);
		simnic_vport_free_rate(vport);
		kfree_rcu(vport, rcu);
	}
}

int simnic_vfs_create(struct simnic_pf *pf, unsigned int n)
{
	unsigned int i;
	int err = 0;

	devl_lock(pf->devlink);
	for (i = 0; i < n && !err; i++)
		err = PTR_ERR_OR_ZERO(vport_create(pf, false, i, i + 1));
	if (err)
		vports_destroy(pf, 1, n);
	else
		pf->num_vfs = n;
	devl_unlock(pf->devlink);
	return err;
}

void simnic_vfs_destroy(struct simnic_pf *pf)
{
	devl_lock(pf->devlink);
	pf->num_vfs = 0;
	vports_destroy(pf, 1, SIMNIC_SF_PORT_BASE - 1);
	devl_unlock(pf->devlink);
}

/* Mode. */

static int mode_get(struct devlink *devlink, u16 *mode)
{
	struct simnic_pf *pf = *(struct simnic_pf **)devlink_priv(devlink);

	*mode = pf->mode;
	return 0;
}

/* What the driver refuses, in its order. */
static int mode_check(struct simnic_pf *pf, u16 mode, struct netlink_ext_ack *extack)
{
	bool vfs = pci_num_vf(pf->pdev), to_switchdev = mode == DEVLINK_ESWITCH_MODE_SWITCHDEV;
	int err = 0;

	if (simnic_rule_count(pf))
		err = simnic_refuse(SIMNIC_MODE_BUSY, extack);
	if (err)
		return err;
	if (mode == pf->mode)
		return simnic_refuse(SIMNIC_MODE_SAME, extack);
	if (vfs)
		err = simnic_refuse(SIMNIC_MODE_WITH_VFS, extack);
	else if (to_switchdev)
		err = simnic_refuse(SIMNIC_MODE_WITHOUT_VFS, extack);
	if (err)
		return err;
	if (to_switchdev && pf->refuse_switchdev) {
		simnic_refuse(SIMNIC_MODE_KNOB, extack);
		return -(int)pf->refuse_switchdev;
	}
	return 0;
}

static void uplink_close(struct simnic_pf *pf, bool closed)
{
	rtnl_lock();
	pf->closed = closed && simnic_is.uplink_reopens;
	simnic_carrier_update(pf);
	rtnl_unlock();
}

static void to_legacy(struct simnic_pf *pf)
{
	simnic_tunnel_stop(pf);
	/* SFs exist in switchdev mode only. */
	vports_destroy(pf, SIMNIC_SF_PORT_BASE, SIMNIC_SF_PORT_BASE + SIMNIC_MAX_SFS);
	reps_destroy(pf, 1, SIMNIC_SF_PORT_BASE - 1);
	rtnl_lock();
	WRITE_ONCE(pf->mode, DEVLINK_ESWITCH_MODE_LEGACY);
	simnic_flush(netdev_priv(pf->uplink));
	simnic_carrier_update(pf);
	rtnl_unlock();
}

static int to_switchdev(struct simnic_pf *pf, struct netlink_ext_ack *extack)
{
	struct simnic_vport *vport;
	unsigned long index;
	int err;

	WRITE_ONCE(pf->mode, DEVLINK_ESWITCH_MODE_SWITCHDEV);
	xa_for_each(&pf->vports, index, vport) {
		err = rep_create(vport);
		if (err) {
			NL_SET_ERR_MSG_MOD(extack, "Failed creating representors");
			reps_destroy(pf, 1, SIMNIC_SF_PORT_BASE - 1);
			WRITE_ONCE(pf->mode, DEVLINK_ESWITCH_MODE_LEGACY);
			return err;
		}
	}
	/* en_rep.c, mlx5e_init_uplink_rep_tx(); what fails here is no reason to give the mode up. */
	simnic_tunnel_start(pf);
	return 0;
}

static int mode_set(struct devlink *devlink, u16 mode, struct netlink_ext_ack *extack)
{
	struct simnic_pf *pf = *(struct simnic_pf **)devlink_priv(devlink);
	int err;

	if (mode != DEVLINK_ESWITCH_MODE_LEGACY && mode != DEVLINK_ESWITCH_MODE_SWITCHDEV)
		return -EINVAL;
	simnic_lag_change_begin(pf->card);
	err = mode_check(pf, mode, extack);
	if (!err && mode != pf->mode) {
		uplink_close(pf, true);
		/* So that whoever looks at the carrier sees it go. */
		if (simnic_is.uplink_reopens)
			msleep(SIMNIC_REOPEN_MS);
		if (mode == DEVLINK_ESWITCH_MODE_SWITCHDEV)
			err = to_switchdev(pf, extack);
		else
			to_legacy(pf);
		uplink_close(pf, false);
		msleep(pf->mode_delay);
	}
	simnic_lag_change_end(pf->card);
	return err;
}

static int inline_mode_get(struct devlink *devlink, u8 *mode)
{
	*mode = DEVLINK_ESWITCH_INLINE_MODE_NONE;
	return 0;
}

static int encap_mode_get(struct devlink *devlink, enum devlink_eswitch_encap_mode *mode)
{
	/* What the driver begins with; eswitch.c:1923. */
	*mode = simnic_is.tunnels ? DEVLINK_ESWITCH_ENCAP_MODE_BASIC : DEVLINK_ESWITCH_ENCAP_MODE_NONE;
	return 0;
}

unsigned int simnic_rule_count(struct simnic_pf *pf)
{
	unsigned int n = ((struct simnic_port *)netdev_priv(pf->uplink))->n_rules;
	struct simnic_vport *vport;
	unsigned long index;

	xa_for_each(&pf->vports, index, vport)
		if (vport->rep)
			n += ((struct simnic_port *)netdev_priv(vport->rep))->n_rules;
	return n;
}

/* SF ports: devlink port add pci/... flavour pcisf pfnum N sfnum M */

static struct simnic_vport *sf_new(struct devlink *devlink, const struct devlink_port_new_attrs *attrs,
				   struct netlink_ext_ack *extack)
{
	struct simnic_pf *pf = *(struct simnic_pf **)devlink_priv(devlink);
	struct simnic_vport *vport;
	unsigned long index;
	unsigned int i;

	if (attrs->flavour != DEVLINK_PORT_FLAVOUR_PCI_SF) {
		NL_SET_ERR_MSG_MOD(extack, "Driver supports only SF port addition");
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (attrs->port_index_valid || (attrs->controller_valid && attrs->controller)) {
		NL_SET_ERR_MSG_MOD(extack, "Driver does not support user defined port index or controller");
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (attrs->pfnum != pf->number) {
		NL_SET_ERR_MSG_MOD(extack, "Invalid pfnum supplied");
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (pf->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV) {
		NL_SET_ERR_MSG_MOD(extack, "SF ports are only supported in eswitch switchdev mode.");
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (!attrs->sfnum_valid) {
		NL_SET_ERR_MSG_MOD(extack, "User must provide unique sfnum. Driver does not support auto assignment");
		return ERR_PTR(-EOPNOTSUPP);
	}
	xa_for_each(&pf->vports, index, vport)
		if (vport->is_sf && vport->number == attrs->sfnum)
			return ERR_PTR(-EEXIST);
	for (i = 0; i < SIMNIC_MAX_SFS; i++)
		if (!xa_load(&pf->vports, SIMNIC_SF_PORT_BASE + i))
			return vport_create(pf, true, attrs->sfnum, SIMNIC_SF_PORT_BASE + i);
	return ERR_PTR(-ENOSPC);
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
static int sf_port_new(struct devlink *devlink, const struct devlink_port_new_attrs *attrs,
		       struct netlink_ext_ack *extack, struct devlink_port **dl_port)
{
	struct simnic_vport *vport = sf_new(devlink, attrs, extack);

	if (IS_ERR(vport))
		return PTR_ERR(vport);
	*dl_port = &vport->dl_port;
	return 0;
}

static int sf_port_del(struct devlink *devlink, struct devlink_port *dl_port, struct netlink_ext_ack *extack)
{
	struct simnic_vport *vport = vport_of(dl_port);

	vports_destroy(vport->pf, vport->index, vport->index);
	return 0;
}
#else
static int sf_port_new(struct devlink *devlink, const struct devlink_port_new_attrs *attrs,
		       struct netlink_ext_ack *extack, unsigned int *new_port_index)
{
	struct simnic_vport *vport = sf_new(devlink, attrs, extack);

	if (IS_ERR(vport))
		return PTR_ERR(vport);
	*new_port_index = vport->index;
	return 0;
}

static int sf_port_del(struct devlink *devlink, unsigned int port_index, struct netlink_ext_ack *extack)
{
	struct simnic_pf *pf = *(struct simnic_pf **)devlink_priv(devlink);
	struct simnic_vport *vport = xa_load(&pf->vports, port_index);

	if (!vport || !vport->is_sf) {
		NL_SET_ERR_MSG_MOD(extack, "Port is not an SF");
		return -EOPNOTSUPP;
	}
	vports_destroy(pf, port_index, port_index);
	return 0;
}
#endif

static int info_get(struct devlink *devlink, struct devlink_info_req *req, struct netlink_ext_ack *extack)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
	int err = devlink_info_driver_name_put(req, simnic_is.driver);

	if (err)
		return err;
#endif
	return devlink_info_version_running_put(req, "fw.version", "1.0.0");
}

static const struct devlink_ops simnic_devlink_ops = {
	.eswitch_mode_get = mode_get,
	.eswitch_mode_set = mode_set,
	.eswitch_inline_mode_get = inline_mode_get,
	.eswitch_encap_mode_get = encap_mode_get,
	.info_get = info_get,
	.rate_leaf_tx_max_set = simnic_rate_tx_max_set,
	.rate_leaf_tx_share_set = simnic_rate_tx_share_set,
	.port_new = sf_port_new,
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	.port_del = sf_port_del,
	.port_function_hw_addr_get = fn_hw_addr_get,
	.port_function_hw_addr_set = fn_hw_addr_set,
	.port_fn_state_get = fn_state_get,
	.port_fn_state_set = fn_state_set,
#endif
};

/* Uplink and wire. */

static int uplink_create(struct simnic_pf *pf)
{
	struct net_device *uplink, *wire;
	int err;

	attrs_set(&pf->dl_port, pf, DEVLINK_PORT_FLAVOUR_PHYSICAL);
	err = dl_port_register(pf, &pf->dl_port, UPLINK_PORT_INDEX);
	if (err)
		return err;
	uplink = simnic_netdev_create(pf, NULL, SIMNIC_UPLINK, &pf->pdev->dev);
	if (IS_ERR(uplink)) {
		err = PTR_ERR(uplink);
		goto err_port;
	}
	wire = simnic_netdev_create(pf, NULL, SIMNIC_WIRE, NULL);
	if (IS_ERR(wire)) {
		err = PTR_ERR(wire);
		goto err_uplink;
	}
	pf->uplink = uplink;
	pf->wire = wire;

	rtnl_lock();
	err = port_publish(netdev_priv(uplink));
	if (!err)
		err = register_netdevice(wire);
	if (!err) {
		err = register_netdevice(uplink);
		if (err)
			unregister_netdevice(wire);
	}
	if (!err) {
		WRITE_ONCE(pf->card->pfs[pf->number], pf);
		simnic_card_start(pf->card);
		simnic_carrier_update(pf);
	} else {
		port_withdraw(netdev_priv(uplink));
	}
	rtnl_unlock();
	if (err)
		goto err_wire;
	type_set(&pf->dl_port, uplink);
	return 0;

err_wire:
	free_netdev(wire);
err_uplink:
	free_netdev(uplink);
err_port:
	devl_port_unregister(&pf->dl_port);
	return err;
}

/*
 * The driver lets go of the PF and takes it up again, as mlx5's does when its health is recovered and for "devlink dev reload": with
 * another network device, and in legacy mode; VFs stay (mlx5_unload(), mlx5_eswitch_disable() and mlx5_sriov_attach(), 6.12).
 */
int simnic_recover(struct simnic_pf *pf)
{
	struct net_device *old = pf->uplink, *uplink;
	int err;

	uplink = simnic_netdev_create(pf, NULL, SIMNIC_UPLINK, &pf->pdev->dev);
	if (IS_ERR(uplink))
		return PTR_ERR(uplink);
	simnic_lag_change_begin(pf->card);
	devl_lock(pf->devlink);
	rtnl_lock();
	pf->closed = true;
	simnic_carrier_update(pf);
	rtnl_unlock();
	if (pf->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV)
		to_legacy(pf);
	type_clear(&pf->dl_port);
	rtnl_lock();
	port_withdraw(netdev_priv(old));
	unregister_netdevice(old);
	rtnl_unlock();
	simnic_flush(netdev_priv(old));
	devl_port_unregister(&pf->dl_port);
	msleep(SIMNIC_REOPEN_MS);

	attrs_set(&pf->dl_port, pf, DEVLINK_PORT_FLAVOUR_PHYSICAL);
	err = dl_port_register(pf, &pf->dl_port, UPLINK_PORT_INDEX);
	rtnl_lock();
	err = err ?: port_publish(netdev_priv(uplink));
	err = err ?: register_netdevice(uplink);
	/* Nothing can be done about it here. */
	WARN_ON(err);
	WRITE_ONCE(pf->uplink, uplink);
	pf->closed = false;
	simnic_carrier_update(pf);
	rtnl_unlock();
	type_set(&pf->dl_port, uplink);
	devl_unlock(pf->devlink);
	simnic_lag_change_end(pf->card);
	synchronize_net();
	free_netdev(old);
	return err;
}

static void uplink_destroy(struct simnic_pf *pf)
{
	LIST_HEAD(gone);

	type_clear(&pf->dl_port);
	rtnl_lock();
	WRITE_ONCE(pf->card->pfs[pf->number], NULL);
	port_withdraw(netdev_priv(pf->uplink));
	unregister_netdevice_queue(pf->uplink, &gone);
	unregister_netdevice_queue(pf->wire, &gone);
	unregister_netdevice_many(&gone);
	rtnl_unlock();
	simnic_flush(netdev_priv(pf->uplink));
	devl_port_unregister(&pf->dl_port);
	free_netdev(pf->uplink);
	free_netdev(pf->wire);
}

struct simnic_pf *simnic_pf_create(struct pci_dev *pdev, struct simnic_card *card, unsigned int slot,
				   unsigned int number)
{
	struct simnic_pf *pf = kzalloc(sizeof(*pf), GFP_KERNEL);
	struct devlink *devlink;
	int err;

	if (!pf)
		return ERR_PTR(-ENOMEM);
	devlink = devlink_alloc(&simnic_devlink_ops, sizeof(pf), &pdev->dev);
	if (!devlink) {
		kfree(pf);
		return ERR_PTR(-ENOMEM);
	}
	*(struct simnic_pf **)devlink_priv(devlink) = pf;
	pf->pdev = pdev;
	pf->devlink = devlink;
	pf->card = card;
	pf->slot = slot;
	pf->number = number;
	pf->mode = DEVLINK_ESWITCH_MODE_LEGACY;
	pf->speed = SIMNIC_SPEED;
	xa_init(&pf->vports);

	err = simnic_params_register(pf);
	if (err)
		goto err_free;
	devl_lock(devlink);
	err = uplink_create(pf);
	devl_unlock(devlink);
	if (err)
		goto err_params;
	simnic_knobs_add(pf);
	devlink_register(devlink);
	return pf;

err_params:
	simnic_params_unregister(pf);
err_free:
	devlink_free(devlink);
	kfree(pf);
	return ERR_PTR(err);
}

/* All VFs are gone already. */
void simnic_pf_destroy(struct simnic_pf *pf)
{
	struct devlink *devlink = pf->devlink;

	devlink_unregister(devlink);
	simnic_knobs_del(pf);
	if (pf->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV)
		simnic_tunnel_stop(pf);
	devl_lock(devlink);
	vports_destroy(pf, 0, ULONG_MAX);
	uplink_destroy(pf);
	devl_unlock(devlink);
	simnic_params_unregister(pf);
	devlink_free(devlink);
	xa_destroy(&pf->vports);
	synchronize_rcu();
	kfree(pf);
}
