/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HTML report's parts, for its unit test. */
#ifndef NSLAB_REPORT_HTML_H
#define NSLAB_REPORT_HTML_H

#include "lab/report/template.h"

/** html_blocks - what fills the template's blocks, to be checked by template_check() */
extern const struct template_block html_blocks[];

#endif
