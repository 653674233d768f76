// SPDX-License-Identifier: GPL-2.0-or-later
/* Verbs that the format knows and this version cannot do yet. */
#include "lab/run/verb.h"

#define LATER(NAME, WHERE, TEXT, SUMMARY)                                          \
	{                                                                          \
		.name = NAME, .on_host = WHERE, .summary = SUMMARY, .later = TEXT, \
	}

const struct verb VERB_RUN =
	LATER("run", true, "programs come with nslab exec", "Run a program in the host.");
