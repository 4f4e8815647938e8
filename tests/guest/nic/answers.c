// SPDX-License-Identifier: GPL-2.0
/*
 * The JSON of "ovs-sriov probe", and what it means for a rule.  See answers.h.
 *
 * A rule consists of what the probe has tried one by one: the ways between ports, the actions, more than one output.  It is refused if
 * one of these was.
 */
#include <linux/ctype.h>
#include <linux/kernel_read_file.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <net/flow_offload.h>

#include "answers.h"
#include "simnic.h"

#define MAX_SIZE (1 << 20)
#define MAX_TEXT 256

/* In the order in which refusals win: the more a trial is like the rule, the sooner. */
enum trial {
	COPY_PUSH, COPY, FLOOD, PUSH, POP, POLICE, CT, DROP,
	VF_BOND, VF_FAR_UPLINK, FAR_UPLINK_VF, UPLINKS, VF_FAR_VF, VF_UPLINK, UPLINK_VF, VF_VF,
	N_RULES,
	DECAP = N_RULES, MAC, TRUST, SPOOFCHK, CARRIER, COUNTER,
	N_TRIALS,
};

/* "what" in the JSON; utilities/sriov/probe.c has them. */
static const char *const trial_names[N_TRIALS] = {
	[VF_UPLINK] = "VF to uplink",
	[UPLINK_VF] = "uplink to VF",
	[VF_VF] = "VF to VF",
	[VF_FAR_VF] = "VF to VF of the other PF",
	[VF_FAR_UPLINK] = "VF to the other PF's uplink",
	[FAR_UPLINK_VF] = "the other PF's uplink to VF",
	[UPLINKS] = "uplink to the other PF's uplink",
	[VF_BOND] = "VF to the Linux bond of the uplinks",
	[PUSH] = "VF to uplink, VLAN push",
	[POP] = "uplink to VF, VLAN pop",
	[POLICE] = "VF to uplink, police",
	[COPY] = "VF to VF and uplink",
	[COPY_PUSH] = "VF to VF, and to uplink with VLAN push",
	[FLOOD] = "uplink to all VFs",
	[CT] = "connection tracking",
	[DROP] = "drop",
	[DECAP] = "VXLAN to VF, decapsulation",
	[MAC] = "MAC address of a VF",
	[TRUST] = "trust of a VF",
	[SPOOFCHK] = "spoofchk of a VF",
	[CARRIER] = "carrier of a VF",
	[COUNTER] = "counter of a rule",
};

static struct answer {
	bool known;
	int err;		/* 0: accepted. */
	char *text;		/* The driver's words, or NULL. */
} answers[N_TRIALS];

static bool joined;		/* The PFs were. */
static bool tunnels;		/* A rule at a VXLAN device was in hardware. */
static char *driver;

/* Rules. */

static bool answers_hold(enum trial trial, const struct simnic_port *in)
{
	bool now;

	if (!answers[trial].known || READ_ONCE(in->pf->mode) != DEVLINK_ESWITCH_MODE_SWITCHDEV)
		return false;
	if (trial != VF_FAR_UPLINK && trial != FAR_UPLINK_VF)
		return true;
	now = READ_ONCE(in->pf->card->lag_mode) != SIMNIC_LAG_NONE;
	return now == joined;
}

static enum trial way(const struct simnic_port *in, const struct simnic_port *out)
{
	bool far = in->pf != out->pf;

	if (in->kind == SIMNIC_UPLINK)
		return out->kind == SIMNIC_UPLINK ? UPLINKS : far ? FAR_UPLINK_VF : UPLINK_VF;
	if (out->kind == SIMNIC_UPLINK)
		return far ? VF_FAR_UPLINK : VF_UPLINK;
	return far ? VF_FAR_VF : VF_VF;
}

int simnic_answers_forward(const struct simnic_port *in, const struct simnic_port *out)
{
	enum trial trial = way(in, out);

	return answers_hold(trial, in) ? !answers[trial].err : -1;
}

/* What a rule consists of, as bits of enum trial. */
static u32 trials_of(const struct simnic_port *in, const struct flow_action *actions)
{
	const struct flow_action_entry *act;
	unsigned int outputs = 0;
	bool split = false;
	u32 set = 0;
	int i;

	flow_action_for_each(i, act, actions) {
		switch (act->id) {
		case FLOW_ACTION_DROP:
			set |= BIT(DROP);
			break;
		case FLOW_ACTION_REDIRECT:
		case FLOW_ACTION_MIRRED:
			outputs++;
			if (netif_is_lag_master(act->dev))
				set |= BIT(VF_BOND);
			else if (simnic_is_port(act->dev))
				set |= BIT(way(in, netdev_priv(act->dev)));
			break;
		case FLOW_ACTION_VLAN_PUSH:
			set |= BIT(PUSH);
			split |= outputs > 0;
			break;
		case FLOW_ACTION_VLAN_POP:
			set |= BIT(POP);
			break;
		case FLOW_ACTION_POLICE:
			set |= BIT(POLICE);
			break;
		case FLOW_ACTION_CT:
			set |= BIT(CT);
			break;
		default:
			break;
		}
	}
	if (outputs > 1)
		set |= BIT(in->kind == SIMNIC_UPLINK ? FLOOD : split ? COPY_PUSH : COPY);
	return set;
}

int simnic_answers_check(const struct simnic_port *in, const struct flow_action *actions, bool *taken,
			 struct netlink_ext_ack *extack)
{
	u32 set = trials_of(in, actions);
	unsigned int i;

	*taken = set;
	for (i = 0; i < N_RULES; i++) {
		if (!(set & BIT(i)))
			continue;
		if (!answers_hold(i, in)) {
			*taken = false;
		} else if (answers[i].err) {
			if (extack && answers[i].text)
				extack->_msg = answers[i].text;
			return -answers[i].err;
		}
	}
	return 0;
}

/* JSON, as much of it as the probe writes. */

struct reader {
	const char *at, *end;
	unsigned int depth;		/* Objects: 1 is a PF's, 2 a trial's. */
	char key[MAX_TEXT], text[MAX_TEXT];

	/* Of the trial. */
	char what[MAX_TEXT], result[MAX_TEXT], otherwise[MAX_TEXT], words[MAX_TEXT];
	int err;
	unsigned int n_trials;

	bool has_multiport, multiport;
};

/* A string from behind its first quotation mark to behind its last one. */
static void read_string(struct reader *r, char *text)
{
	size_t n = 0;

	while (r->at < r->end && *r->at != '"') {
		char c = *r->at++;

		if (c == '\\' && r->at < r->end) {
			c = *r->at++;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		if (n < MAX_TEXT - 1)
			text[n++] = c;
	}
	text[n] = '\0';
	r->at++;
}

/* A number, true, false or null. */
static void read_word(struct reader *r, char *text)
{
	size_t n = 0;

	while (r->at < r->end && (isalnum(*r->at) || *r->at == '-' || *r->at == '.')) {
		if (n < MAX_TEXT - 1)
			text[n++] = *r->at;
		r->at++;
	}
	text[n] = '\0';
}

/* "KEY": TEXT */
static int take_value(struct reader *r)
{
	static const struct { const char *key; size_t offset; } texts[] = {
		{ "what", offsetof(struct reader, what) },
		{ "words", offsetof(struct reader, words) },
		{ "skip_sw", offsetof(struct reader, result) },
		{ "found", offsetof(struct reader, result) },
		{ "default", offsetof(struct reader, otherwise) },
	};
	unsigned int i;

	if (r->depth == 1) {
		if (!strcmp(r->key, "driver") && !driver) {
			driver = kstrdup(r->text, GFP_KERNEL);
			return driver ? 0 : -ENOMEM;
		}
		if (!strcmp(r->key, "multiport")) {
			r->has_multiport = true;
			r->multiport = !strcmp(r->text, "true");
		}
		return 0;
	}
	if (!strcmp(r->key, "error"))
		return kstrtoint(r->text, 10, &r->err);
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(r->key, texts[i].key))
			strscpy((char *)r + texts[i].offset, r->text, MAX_TEXT);
	return 0;
}

/* What was found about carrier and counters is a trait of the personality. */
static void take_found(enum trial trial, const char *result)
{
	unsigned int n;

	if (trial == CARRIER) {
		simnic_is.carrier_stays = !strcmp(result, "does not go with its representor");
		simnic_is.carrier_stays_away = !strcmp(result, "does not come with its representor");
	} else if (sscanf(result, "%u of", &n) == 1) {
		simnic_is.stats = n > 0;
	}
}

static int take_trial(struct reader *r)
{
	unsigned int i;

	for (i = 0; i < N_TRIALS; i++)
		if (!strcmp(trial_names[i], r->what))
			break;
	if (i == N_TRIALS)
		pr_info(SIMNIC_NAME ": not known, and left out: \"%s\"\n", r->what);
	if (i == N_TRIALS || strstarts(r->result, "not tried"))
		return 0;
	r->n_trials++;
	/* The kernel refuses some things with skip_sw before it asks the driver. */
	if (!strcmp(r->otherwise, "in hardware")) {
		r->err = 0;
		r->words[0] = '\0';
	}
	if (!r->err && i == CT)
		pr_info(SIMNIC_NAME ": accepted by that NIC, and not by this one: \"%s\"\n", r->what);
	answers[i].known = i != CT || r->err;
	if (r->err < 0 || r->err > MAX_ERRNO)
		return -EINVAL;
	answers[i].err = r->err;
	if (*r->words) {
		answers[i].text = kstrdup(r->words, GFP_KERNEL);
		if (!answers[i].text)
			return -ENOMEM;
	}
	if (i == CARRIER || i == COUNTER)
		take_found(i, r->result);
	if (i == DECAP)
		tunnels = !strcmp(r->otherwise, "in hardware");
	return 0;
}

/* The first PF with which something was tried. */
static int parse(struct reader *r)
{
	int err = 0;

	while (r->at < r->end && !err) {
		char c = *r->at++;

		if (c == '{') {
			r->depth++;
			r->err = 0;
			r->what[0] = r->result[0] = r->otherwise[0] = r->words[0] = '\0';
		} else if (c == '}') {
			if (r->depth == 2 && *r->what)
				err = take_trial(r);
			if (!r->depth)
				return -EINVAL;
			if (--r->depth == 0 && r->n_trials)
				return err;
			r->what[0] = '\0';
		} else if (c == '"') {
			read_string(r, r->text);
			while (r->at < r->end && isspace(*r->at))
				r->at++;
			if (r->at >= r->end || *r->at != ':')
				continue;
			strscpy(r->key, r->text, MAX_TEXT);
			for (r->at++; r->at < r->end && isspace(*r->at); )
				r->at++;
			if (r->at >= r->end || *r->at == '{' || *r->at == '[')
				continue;
			if (*r->at == '"') {
				r->at++;
				read_string(r, r->text);
			} else {
				read_word(r, r->text);
			}
			err = take_value(r);
		}
	}
	return err ?: r->n_trials ? 0 : -ENODATA;
}

static struct simnic_words words_of(enum trial trial)
{
	return (struct simnic_words) { answers[trial].err, answers[trial].text };
}

/* The table's row of that driver, or one that takes most, and what was probed. */
static int personality_make(const struct reader *r)
{
	bool stats = simnic_is.stats, stays = simnic_is.carrier_stays, stays_away = simnic_is.carrier_stays_away;

	if (!driver)
		return -ENODATA;
	if (!strcmp(driver, "mlx5_core"))
		/* Older ones have no parameter esw_multiport. */
		simnic_personality_choose(r->has_multiport ? "mlx5" : "mlx5-6.1");
	else if (!strcmp(driver, "bnxt_en"))
		simnic_personality_choose("bnxt");
	else if (simnic_personality_choose(driver))
		simnic_personality_choose("mlx5");
	if (strcmp(simnic_is.driver, driver)) {
		simnic_is.driver = driver;
		simnic_is.multiport = SIMNIC_MULTIPORT_NONE;
		simnic_is.vf_lag = simnic_is.merged_eswitch = simnic_is.steering = simnic_is.tunnels = false;
	}
	if (answers[DECAP].known)
		simnic_is.tunnels = tunnels;
	if (answers[COUNTER].known)
		simnic_is.stats = stats;
	simnic_is.carrier_stays = stays;
	simnic_is.carrier_stays_away = stays_away;
	if (answers[MAC].known)
		simnic_is.refusals[SIMNIC_MAC] = words_of(MAC);
	if (answers[TRUST].known)
		simnic_is.refusals[SIMNIC_TRUST] = words_of(TRUST);
	if (answers[SPOOFCHK].known)
		simnic_is.refusals[SIMNIC_SPOOFCHK] = words_of(SPOOFCHK);
	joined = r->multiport || (answers[VF_BOND].known && !answers[VF_BOND].err);
	return 0;
}

int simnic_answers_read(const char *path)
{
	struct reader *r = kzalloc(sizeof(*r), GFP_KERNEL);
	void *buffer = NULL;
	ssize_t size;
	int err;

	if (!r)
		return -ENOMEM;
	size = kernel_read_file_from_path(path, 0, &buffer, MAX_SIZE, NULL, READING_UNKNOWN);
	if (size < 0) {
		kfree(r);
		pr_err(SIMNIC_NAME ": %s cannot be read: %zd\n", path, size);
		return size;
	}
	r->at = buffer;
	r->end = r->at + size;
	err = parse(r);
	if (!err)
		err = personality_make(r);
	if (err)
		pr_err(SIMNIC_NAME ": %s is no JSON of \"ovs-sriov probe\" that has tried anything: %d\n", path, err);
	vfree(buffer);
	kfree(r);
	if (err)
		simnic_answers_free();
	return err;
}

void simnic_answers_free(void)
{
	unsigned int i;

	for (i = 0; i < N_TRIALS; i++)
		kfree(answers[i].text);
	memset(answers, 0, sizeof(answers));
	tunnels = false;
	kfree(driver);
	driver = NULL;
}
