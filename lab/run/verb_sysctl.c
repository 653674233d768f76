// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/run/op.h"
#include "lab/run/verb.h"
#include "lab/scenario/sysctl_key.h"
#include "netns/cleanup.h"

struct setting {
	char *key, *value;
};

struct args {
	int at;
	struct setting *list;
	int n;
};

static const struct key keys[] = {
	{ "at", &VALUE_HOST, offsetof(struct args, at), .required = true, .example = "server",
	  .help = "the host; all other keys are sysctls beneath net, such as net.ipv4.tcp_fin_timeout: 5" },
	{ 0 },
};

static int other(struct reader *r, const struct node *key, const struct node *value, void *p)
{
	struct args *args = p;
	_cleanup_free_ char *text = NULL;
	struct setting *list;

	if (strncmp(key->text, "net.", 4) && !strpbrk(key->text, "./"))
		return 0;
	if (sysctl_key_check(r, key) < 0 || reader_value(r, value, &VALUE_TEXT, &text) < 0)
		return -EINVAL;
	list = realloc(args->list, ((size_t)args->n + 1) * sizeof(*list));
	if (!list)
		return -EINVAL;
	args->list = list;
	list[args->n++] = (struct setting){ strdup(key->text), TAKE_PTR(text) };
	return 1;
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct args *args = step->args;

	if (!args->n)
		return reader_problem(
			r, at, NULL,
			"sysctl sets nothing; expected a key such as net.ipv4.tcp_fin_timeout");
	return 0;
}

static void args_free(void *p)
{
	struct args *args = p;

	for (int i = 0; i < args->n; i++) {
		free(args->list[i].key);
		free(args->list[i].value);
	}
	free(args->list);
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct lab_err err = { 0 };
	int ret = 0;

	for (int i = 0; !ret && i < args->n; i++)
		ret = network_sysctl_set(run_network(op->run), args->at, args->list[i].key,
					 args->list[i].value, &err);
	if (ret == -ENOENT)
		op_skip(op, err.msg);
	else if (ret < 0)
		op_detail(op, "%.150s", err.msg);
	op_errno(op, -ret);
}

const struct verb VERB_SYSCTL = {
	.name = "sysctl",
	.summary = "Set sysctls of a host, as they are from now on.",
	.keys = keys,
	.common = COMMON_ID,
	.expects = EXPECT_ERROR,
	.args_size = sizeof(struct args),
	.other = other,
	.check = check,
	.free = args_free,
	.start = start,
};
