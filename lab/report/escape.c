// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/escape.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/utf8.h"
#include "lab/report/terminal_text.h"

const struct escape ESCAPE_LINE = { .keep = "", .hidden = "\\x" };

/* testanything.org, "Test Anything Protocol version 14": Escaping */
const struct escape ESCAPE_TAP = {
	.signs = { { '\\', "\\\\" }, { '#', "\\#" } },
	.keep = "",
	.hidden = "\\\\x",
};

/* YAML 1.2.2, 5.7: Escaped Characters */
const struct escape ESCAPE_YAML = {
	.signs = { { '\\', "\\\\" },
		   { '"', "\\\"" },
		   { '\n', "\\n" },
		   { '\r', "\\r" },
		   { '\t', "\\t" } },
	.keep = "",
	.hidden = "\\x",
	.wide = "\\u",
	.wider = "\\U",
};

/* XML 1.0, 2.2: Characters */
const struct escape ESCAPE_XML = { .keep = "\t\n\r", .hidden = "\\x" };

/* as the toolkit for GitHub's actions writes workflow commands (packages/core/src/command.ts) */
const struct escape ESCAPE_GITHUB = {
	.signs = { { '%', "%25" }, { '\r', "%0D" }, { '\n', "%0A" } },
	.keep = "",
	.hidden = "\\x",
};

const struct escape ESCAPE_GITHUB_PROPERTY = {
	.signs = { { '%', "%25" },
		   { '\r', "%0D" },
		   { '\n', "%0A" },
		   { ':', "%3A" },
		   { ',', "%2C" } },
	.keep = "",
	.hidden = "\\x",
};

static const char *sign_find(const struct escape *escape, uint32_t c)
{
	for (int i = 0; i < ESCAPE_SIGNS_MOST && escape->signs[i].sign; i++)
		if ((uint8_t)escape->signs[i].sign == c)
			return escape->signs[i].text;
	return NULL;
}

/* U+FFFE and U+FFFF are no characters: neither XML nor YAML takes them. */
static bool hides(const struct escape *escape, uint32_t c)
{
	if (c < 0x20 && strchr(escape->keep, (int)c))
		return false;
	return text_hidden(c) || c == 0xfffe || c == 0xffff;
}

static void hidden_put(FILE *out, const struct escape *escape, uint32_t c, const char *bytes, int n)
{
	if (escape->wide) {
		if (c < 0x100)
			fprintf(out, "%s%02x", escape->hidden, c);
		else if (c < 0x10000)
			fprintf(out, "%s%04x", escape->wide, c);
		else
			fprintf(out, "%s%08x", escape->wider, c);
		return;
	}
	for (int i = 0; i < n; i++)
		fprintf(out, "%s%02x", escape->hidden, (uint8_t)bytes[i]);
}

void escape_put(FILE *out, const struct escape *escape, const char *text)
{
	const char *end = text + strlen(text), *sign;

	while (text < end) {
		uint32_t c = 0;
		int n = utf8_decode(text, (size_t)(end - text), &c);

		if (!n) {
			fputs("\xef\xbf\xbd", out);
			n = 1;
		} else if ((sign = sign_find(escape, c))) {
			fputs(sign, out);
		} else if (hides(escape, c)) {
			hidden_put(out, escape, c, text, n);
		} else {
			fwrite(text, 1, (size_t)n, out);
		}
		text += n;
	}
}

char *escape_text(const struct escape *escape, const char *text)
{
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);

	if (!out)
		return NULL;
	escape_put(out, escape, text);
	if (fclose(out) != 0) {
		free(ret);
		return NULL;
	}
	return ret;
}
