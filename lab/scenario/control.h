/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Characters that a terminal might obey or hide, and that no scenario needs. */
#ifndef NSLAB_SCENARIO_CONTROL_H
#define NSLAB_SCENARIO_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

/**
 * control_is() - whether a code point is such a character
 * C0 and C1 controls (tab and newline too), DEL, line and paragraph separators, the byte order
 * mark, and the marks that turn the writing direction, with which text can look like other text.
 */
bool control_is(uint32_t c);

/** control_in() - whether a string has such a character, or is not UTF-8 at all */
bool control_in(const char *text);

#endif
