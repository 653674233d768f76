/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a run, as blocks of a pcapng file. */
#ifndef NSLAB_REPORT_PCAPNG_WRITE_H
#define NSLAB_REPORT_PCAPNG_WRITE_H

#include <stdint.h>

#include "lab/report/pcapng_section.h"
#include "lab/report/pcapng_window.h"

/** prun_write() - the first block of the run, a text with comments on "lab (program)" */
void prun_write(struct psection *section, int64_t t_ns);

/** pframe_write() - a frame of the run that has begun */
void pframe_write(struct psection *section, const struct pframe *frame);

#endif
