/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab/report/html/, compiled in (lab/report/html/embed.cmake). */
#ifndef NSLAB_REPORT_HTML_FILES_H
#define NSLAB_REPORT_HTML_FILES_H

extern const char html_template[];
extern const char html_style[];
extern const char html_script[];

#endif
