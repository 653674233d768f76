// SPDX-License-Identifier: GPL-2.0-or-later
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lab/report/report.h"

enum {
	COLUMNS_UNKNOWN = 80, /* where nobody says */
	COLUMNS_MOST = 1000,
};

/* COLUMNS is for terminals that do not answer, and for files: shells do not export it by themselves. */
static int env_columns(void)
{
	const char *env = getenv("COLUMNS");
	long columns = env ? strtol(env, NULL, 10) : 0;

	return columns > 0 && columns <= COLUMNS_MOST ? (int)columns : COLUMNS_UNKNOWN;
}

static int terminal_columns(int fd)
{
	struct winsize size = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col < COLUMNS_MOST ? size.ws_col : COLUMNS_MOST;
	return env_columns();
}

/* The user's locale decides; asked for without changing the process's own. */
static bool locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return utf8;
}

void report_options_detect(FILE *out, struct report_options *ret)
{
	int fd = fileno(out);
	bool terminal = fd >= 0 && isatty(fd);
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	*ret = (struct report_options){
		.columns = terminal ? terminal_columns(fd) : env_columns(),
		/* no-color.org: only if it is set and not empty */
		.colour = terminal && !(no_colour && no_colour[0]) && term && term[0] &&
			  strcmp(term, "dumb") != 0,
		.unicode = locale_is_utf8(),
		.live = terminal && term && term[0] && strcmp(term, "dumb") != 0,
	};
}
