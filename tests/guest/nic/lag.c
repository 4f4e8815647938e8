// SPDX-License-Identifier: GPL-2.0
/*
 * What joins the PFs of a card, so that rules cross between them: a Linux bond of the uplinks (VF-LAG), or multiport; and the
 * parameters of devlink, of which multiport is one.
 *
 * As in mlx5's lag/lag.c and lag/mpesw.c: any wish to set a mode, also one that is refused or changes nothing, first takes down
 * what there is (mlx5_devlink_eswitch_mode_set() begins with mlx5_lag_disable_change()).  A VF-LAG comes back by itself, later,
 * since it is made by work that runs after the event; multiport does not.
 */
#include <linux/rtnetlink.h>

#include "simnic.h"

/* The bond or team that holds all uplinks of 'card', and nothing else; lag.c:1048, mlx5_handle_changeupper_event(). */
static struct net_device *bond_of(struct simnic_card *card)
{
	struct net_device *bond = NULL, *lower;
	unsigned int i, n = 0;
	struct list_head *iter;

	for (i = 0; i < SIMNIC_MAX_PFS; i++) {
		struct net_device *master;

		if (!card->pfs[i])
			continue;
		master = netdev_master_upper_dev_get(card->pfs[i]->uplink);
		if (!master || !netif_is_lag_master(master) || (bond && master != bond))
			return NULL;
		bond = master;
		n++;
	}
	if (n < 2)
		return NULL;
	netdev_for_each_lower_dev(bond, lower, iter)
		n--;
	if (n || (card->lag_tx_type != NETDEV_LAG_TX_TYPE_ACTIVEBACKUP && card->lag_tx_type != NETDEV_LAG_TX_TYPE_HASH))
		return NULL;
	return bond;
}

/* Has no VF of the card a driver here?  See simnic_personality::lag_needs_unbound.  Under RTNL. */
static bool all_unbound(const struct simnic_card *card)
{
	struct simnic_vport *vport;
	unsigned long index;
	unsigned int i;

	for (i = 0; i < SIMNIC_MAX_PFS; i++)
		if (card->pfs[i])
			xa_for_each(&card->pfs[i]->vports, index, vport)
				if (vport->func && !vport->is_sf)
					return false;
	return true;
}

/* All PFs of the card in switchdev mode?  Of mlx5_lag_check_prereq() and mlx5_lag_is_sriov(). */
static bool all_switchdev(const struct simnic_card *card)
{
	unsigned int i, n = 0;

	for (i = 0; i < SIMNIC_MAX_PFS; i++) {
		if (!card->pfs[i])
			continue;
		if (card->pfs[i]->mode != DEVLINK_ESWITCH_MODE_SWITCHDEV)
			return false;
		n++;
	}
	return n > 1;
}

static void queue_bond_work(struct simnic_card *card, unsigned long delay)
{
	if (simnic_is.vf_lag)
		schedule_delayed_work(&card->bond_work, delay);
}

/* lag.c, mlx5_do_bond_work() and mlx5_do_bond(). */
static void bond_work(struct work_struct *work)
{
	struct simnic_card *card = container_of(to_delayed_work(work), struct simnic_card, bond_work);
	bool bonded;

	rtnl_lock();
	if (card->mode_changes) {
		queue_bond_work(card, HZ);
	} else if (card->lag_mode != SIMNIC_LAG_MULTIPORT) {
		bonded = bond_of(card) && all_switchdev(card);
		if (bonded && card->lag_mode != SIMNIC_LAG_VF && simnic_is.lag_needs_unbound && !all_unbound(card)) {
			/* lag/lag.c:689, mlx5_activate_lag(); it is tried again at the next event. */
			pr_err("%s: Failed to activate VF LAG\nMake sure all VFs are unbound prior to VF LAG activation or deactivation\n",
			       simnic_is.driver);
			bonded = false;
		}
		WRITE_ONCE(card->lag_mode, bonded ? SIMNIC_LAG_VF : SIMNIC_LAG_NONE);
	}
	rtnl_unlock();
}

static void counter_work(struct work_struct *work)
{
	struct simnic_card *card = container_of(to_delayed_work(work), struct simnic_card, counter_work);

	simnic_read_counters(card);
	if (++card->seconds % 5 == 0)
		simnic_use_neighbours(card);
	schedule_delayed_work(&card->counter_work, HZ);
}

void simnic_card_init(struct simnic_card *card)
{
	/* What the driver's work and the firmware's commands take, about. */
	card->lag_delay = 100;
	INIT_DELAYED_WORK(&card->bond_work, bond_work);
	INIT_DELAYED_WORK(&card->counter_work, counter_work);
}

void simnic_card_start(struct simnic_card *card)
{
	schedule_delayed_work(&card->counter_work, HZ);
}

/* Waits for what runs; not under RTNL. */
void simnic_card_stop(struct simnic_card *card)
{
	cancel_delayed_work_sync(&card->bond_work);
	cancel_delayed_work_sync(&card->counter_work);
}

/* Around each wish to set a mode; lag.c:1517, mlx5_lag_disable_change(). */
void simnic_lag_change_begin(struct simnic_card *card)
{
	rtnl_lock();
	card->mode_changes++;
	WRITE_ONCE(card->lag_mode, SIMNIC_LAG_NONE);
	rtnl_unlock();
}

void simnic_lag_change_end(struct simnic_card *card)
{
	rtnl_lock();
	card->mode_changes--;
	rtnl_unlock();
	queue_bond_work(card, msecs_to_jiffies(READ_ONCE(card->lag_delay)));
}

/* Is 'dev' or any device of its master an uplink of 'card'? */
static bool concerns(const struct simnic_card *card, const struct net_device *dev, const struct net_device *master)
{
	unsigned int i;

	for (i = 0; i < SIMNIC_MAX_PFS; i++)
		if (card->pfs[i] && (card->pfs[i]->uplink == dev ||
				     netdev_master_upper_dev_get(card->pfs[i]->uplink) == master))
			return true;
	return false;
}

/* 'dev', one of ours or not, joined or left a master.  Under RTNL. */
void simnic_lag_join(const struct net_device *dev, const struct netdev_notifier_changeupper_info *info)
{
	const struct netdev_lag_upper_info *upper = info->upper_info;
	unsigned int i;

	if (!netif_is_lag_master(info->upper_dev))
		return;
	for (i = 0; i < SIMNIC_MAX_PFS; i++) {
		struct simnic_card *card = &simnic_cards[i];

		if (!concerns(card, dev, info->upper_dev))
			continue;
		if (info->linking && upper)
			card->lag_tx_type = upper->tx_type;
		queue_bond_work(card, msecs_to_jiffies(READ_ONCE(card->lag_delay)));
	}
}

/* SIMNIC_MULTIPORT_AUTO: a rule to an uplink, lag/mpesw.c:10, add_mpesw_rule() of 6.1.  Under RTNL. */
int simnic_multiport_rule_add(struct simnic_pf *pf)
{
	struct simnic_card *card = pf->card;

	if (!card->multiport_rules) {
		if (card->lag_mode != SIMNIC_LAG_NONE)
			return simnic_refuse(SIMNIC_MULTIPORT_AGAIN, NULL);
		WRITE_ONCE(card->lag_mode, SIMNIC_LAG_MULTIPORT);
	}
	card->multiport_rules++;
	return 0;
}

void simnic_multiport_rule_del(struct simnic_pf *pf)
{
	struct simnic_card *card = pf->card;

	if (!--card->multiport_rules && card->lag_mode == SIMNIC_LAG_MULTIPORT)
		WRITE_ONCE(card->lag_mode, SIMNIC_LAG_NONE);
}

/* Parameters.  From 6.8 on a setter may have words. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define EXTACK_ARG , struct netlink_ext_ack *extack
#else
#define EXTACK_ARG
#endif

static struct simnic_pf *pf_of(struct devlink *devlink)
{
	return *(struct simnic_pf **)devlink_priv(devlink);
}

static int multiport_get(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx)
{
	ctx->val.vbool = pf_of(devlink)->card->lag_mode == SIMNIC_LAG_MULTIPORT;
	return 0;
}

/* lag/mpesw.c:70, enable_mpesw(); without words, as the driver. */
static int multiport_set(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx EXTACK_ARG)
{
	struct simnic_card *card = pf_of(devlink)->card;
	int err = 0;

	rtnl_lock();
	if (card->mode_changes)
		err = simnic_refuse(SIMNIC_MULTIPORT_CHANGING, NULL);
	else if (simnic_is.lag_needs_unbound && ctx->val.vbool != (card->lag_mode == SIMNIC_LAG_MULTIPORT) &&
		 !all_unbound(card))
		/* What the firmware's refusal becomes, if it refuses (cmd.c, bad resource state): no source says whether it does. */
		err = -EINVAL;
	else if (!ctx->val.vbool && card->lag_mode == SIMNIC_LAG_MULTIPORT)
		WRITE_ONCE(card->lag_mode, SIMNIC_LAG_NONE);
	else if (ctx->val.vbool && card->lag_mode != SIMNIC_LAG_NONE)
		err = simnic_refuse(SIMNIC_MULTIPORT_AGAIN, NULL);
	else if (ctx->val.vbool && !all_switchdev(card))
		err = simnic_refuse(SIMNIC_MULTIPORT_PREREQ, NULL);
	else if (ctx->val.vbool)
		WRITE_ONCE(card->lag_mode, SIMNIC_LAG_MULTIPORT);
	rtnl_unlock();
	return err;
}

static int steering_get(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx)
{
	strscpy(ctx->val.vstr, pf_of(devlink)->smfs ? "smfs" : "dmfs", sizeof(ctx->val.vstr));
	return 0;
}

static int steering_set(struct devlink *devlink, u32 id, struct devlink_param_gset_ctx *ctx EXTACK_ARG)
{
	pf_of(devlink)->smfs = !strcmp(ctx->val.vstr, "smfs");
	return 0;
}

/* fs_core.c:3534, mlx5_fs_mode_validate(): dmfs is taken any time. */
static int steering_validate(struct devlink *devlink, u32 id, union devlink_param_value val,
			     struct netlink_ext_ack *extack)
{
	if (!strcmp(val.vstr, "dmfs"))
		return 0;
	if (strcmp(val.vstr, "smfs"))
		return simnic_refuse(SIMNIC_STEERING_VALUE, extack);
	if (pf_of(devlink)->mode == DEVLINK_ESWITCH_MODE_SWITCHDEV)
		return simnic_refuse(SIMNIC_SMFS_SWITCHDEV, extack);
	return 0;
}

static const struct devlink_param multiport_param =
	DEVLINK_PARAM_DRIVER(DEVLINK_PARAM_GENERIC_ID_MAX + 1, "esw_multiport", DEVLINK_PARAM_TYPE_BOOL,
			     BIT(DEVLINK_PARAM_CMODE_RUNTIME), multiport_get, multiport_set, NULL);
static const struct devlink_param steering_param =
	DEVLINK_PARAM_DRIVER(DEVLINK_PARAM_GENERIC_ID_MAX + 2, "flow_steering_mode", DEVLINK_PARAM_TYPE_STRING,
			     BIT(DEVLINK_PARAM_CMODE_RUNTIME), steering_get, steering_set, steering_validate);

/* Those that the driver has; before devlink_register(). */
int simnic_params_register(struct simnic_pf *pf)
{
	int err = 0;

	if (simnic_is.multiport == SIMNIC_MULTIPORT_PARAM)
		err = devlink_params_register(pf->devlink, &multiport_param, 1);
	if (!err && simnic_is.steering) {
		err = devlink_params_register(pf->devlink, &steering_param, 1);
		if (err && simnic_is.multiport == SIMNIC_MULTIPORT_PARAM)
			devlink_params_unregister(pf->devlink, &multiport_param, 1);
	}
	return err;
}

void simnic_params_unregister(struct simnic_pf *pf)
{
	if (simnic_is.steering)
		devlink_params_unregister(pf->devlink, &steering_param, 1);
	if (simnic_is.multiport == SIMNIC_MULTIPORT_PARAM)
		devlink_params_unregister(pf->devlink, &multiport_param, 1);
}
