// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/scenario/eai.h"

#include <netdb.h>
#include <stddef.h>
#include <string.h>

static const struct {
	int code;
	const char *name;
} names[] = {
	{ EAI_AGAIN, "EAI_AGAIN" },	  { EAI_NONAME, "EAI_NONAME" },
	{ EAI_NODATA, "EAI_NODATA" },	  { EAI_FAIL, "EAI_FAIL" },
	{ EAI_SYSTEM, "EAI_SYSTEM" },	  { EAI_MEMORY, "EAI_MEMORY" },
	{ EAI_FAMILY, "EAI_FAMILY" },	  { EAI_ADDRFAMILY, "EAI_ADDRFAMILY" },
	{ EAI_SERVICE, "EAI_SERVICE" },	  { EAI_SOCKTYPE, "EAI_SOCKTYPE" },
	{ EAI_BADFLAGS, "EAI_BADFLAGS" },
};

enum { N_NAMES = sizeof(names) / sizeof(names[0]) };

const char *eai_name(int code)
{
	for (int i = 0; i < N_NAMES; i++)
		if (names[i].code == code)
			return names[i].name;
	return "EAI_?";
}

int eai_from_name(const char *name)
{
	for (int i = 0; i < N_NAMES; i++)
		if (!strcmp(names[i].name, name))
			return names[i].code;
	return 0;
}
