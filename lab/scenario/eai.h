/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of getaddrinfo(3)'s errors, which are no errnos. */
#ifndef NSLAB_SCENARIO_EAI_H
#define NSLAB_SCENARIO_EAI_H

/** eai_name() - "EAI_AGAIN" for EAI_AGAIN; "EAI_?" for an unknown one */
const char *eai_name(int code);

/** eai_from_name() - EAI_AGAIN for "EAI_AGAIN", 0 when there is no such name */
int eai_from_name(const char *name);

#endif
