/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of docs/ that are made from data: what nslab reference WORD prints. */
#ifndef NSLAB_CLI_PAGES_H
#define NSLAB_CLI_PAGES_H

#include <stdio.h>

#include "lab/cli/catalogue.h"

/** page_catalogue() - docs/catalogue.md: every scenario, by group; 0 or -errno after a message */
int page_catalogue(struct sources *catalogue, FILE *out);

/** page_symptoms() - docs/symptoms.md: what is seen, and which scenarios show it; 0 or -errno */
int page_symptoms(struct sources *catalogue, FILE *out);

/** page_claims() - docs/claims.md; 0 or -errno */
int page_claims(struct sources *catalogue, FILE *out);

#endif
