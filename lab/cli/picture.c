// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a chain of hosts is drawn box by box. A row takes as many as fit, with room
 * beneath each for what sits there. A wire that does not fit is cut: one end with its address closes the
 * row, the other opens the next.
 */
#include "lab/cli/picture.h"

#include <string.h>

#include "lab/cli/picture_private.h"
#include "lab/run/run.h"
#include "netns/cleanup.h"

/* GAP: between the two addresses beneath a wire; CUT: of a wire behind its address */
enum { GAP = 3, CUT = 2, NOTE_ROOM = 24, BOX_SIDES = 4 };

static const struct signs ascii = {
	.across = "-",
	.cut = ".",
	.top_left = "+",
	.top_right = "+",
	.bottom_left = "+",
	.bottom_right = "+",
	.side = "|",
	.wire_right = "|",
	.wire_left = "|",
	.branch = "|- ",
	.last_branch = "`- ",
	.trunk = "|  ",
	.wire = " -- ",
};

static const struct signs unicode = {
	.across = "─",
	.cut = "┄",
	.top_left = "┌",
	.top_right = "┐",
	.bottom_left = "└",
	.bottom_right = "┘",
	.side = "│",
	.wire_right = "├",
	.wire_left = "┤",
	.branch = "├─ ",
	.last_branch = "└─ ",
	.trunk = "│  ",
	.wire = " ── ",
};

static void repeat(const struct picture *p, const char *sign, int n)
{
	while (n-- > 0)
		fputs(sign, p->out);
}

const char *picture_addr(const struct picture *p, int link, int end, int fam,
			 char buf[INET6_ADDRSTRLEN])
{
	const struct topo_link *l = &p->plan->topo.links[link];

	buf[0] = '\0';
	if (fam == FAM4 || !l->mtu || l->mtu >= 1280) /* below that an interface has no IPv6 */
		topo_addr_text(fam, &l->addr[end][fam], buf);
	return buf;
}

/* ---- what sits at hosts and on wires ---- */

/* Words, with @prefix before each line and two more spaces from the second on. */
static void wrapped(const struct picture *p, const char *text, const char *prefix, int col)
{
	const char *word = text;
	int at = col;

	fputs(prefix, p->out);
	while (*word) {
		size_t len = strcspn(word, " ");
		_cleanup_free_ char *copy = strndup(word, len);
		int width = copy ? text_width(p->paper, copy) : 0;

		if (word > text && at + 1 + width > p->paper->columns) {
			fprintf(p->out, "\n%s  ", prefix);
			at = col + 2;
		} else if (word > text) {
			fputc(' ', p->out);
			at++;
		}
		at += copy ? text_put(p->paper, p->out, copy, width) : 0;
		word += len + strspn(word + len, " ");
	}
	fputc('\n', p->out);
}

bool picture_has_notes(const struct picture *p, int host)
{
	const struct plan *plan = p->plan;
	bool any = false;

	for (int i = 0; i < plan->n_faults; i++)
		any |= plan->faults[i].host == host;
	for (int i = 0; i < plan->n_nats; i++)
		any |= plan->nats[i].host == host;
	return any;
}

static char *nat_text(const struct plan *plan, const struct nat *nat)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("= nat:", out);
	if (nat->masquerade)
		fprintf(out, " masquerade%s%s", nat->random_ports ? " with random ports" : "",
			nat->n_forwards ? "," : "");
	for (int i = 0; i < nat->n_forwards; i++)
		fprintf(out, "%s port %u to %s:%u", i ? "," : "", nat->forwards[i].port,
			plan->topo.hosts[nat->forwards[i].to].name, nat->forwards[i].to_port);
	return fclose(out) ? NULL : text;
}

static char *fault_note(const struct plan *plan, const struct fault *fault)
{
	_cleanup_free_ char *what = fault_text(plan, fault);
	char *text = NULL;

	if (asprintf(&text, "x %s: %s%s", fault->name, what ?: "",
		     fault->active ? "" : " (off at first)") < 0)
		return NULL;
	return text;
}

void picture_notes(const struct picture *p, int host, const char *prefix, int col)
{
	const struct plan *plan = p->plan;

	for (int i = 0; i < plan->n_nats; i++) {
		_cleanup_free_ char *text =
			plan->nats[i].host == host ? nat_text(plan, &plan->nats[i]) : NULL;

		if (text)
			wrapped(p, text, prefix, col);
	}
	for (int i = 0; i < plan->n_faults; i++) {
		_cleanup_free_ char *text =
			plan->faults[i].host == host ? fault_note(plan, &plan->faults[i]) : NULL;

		if (text)
			wrapped(p, text, prefix, col);
	}
}

/* "~ client -> fw: 20 ms"; once where both directions are shaped alike. */
static void wires_put(const struct picture *p)
{
	const struct topology *topo = &p->plan->topo;
	char text[2][200], name[80], line[512];

	for (int i = 0; i < topo->n_links; i++) {
		bool alike;

		for (int end = 0; end < 2; end++) {
			shape_text(&p->plan->shapes[i][end], text[end], 160);
			if (topo->links[i].mtu)
				snprintf(text[end] + strlen(text[end]), 32, "%sMTU %u",
					 text[end][0] ? ", " : "", topo->links[i].mtu);
		}
		alike = !strcmp(text[0], text[1]);
		for (int end = 0; end < 2; end++) {
			char *arrow;

			if (!text[end][0] || (alike && end))
				continue;
			topology_direction(topo, i, end, name, sizeof(name));
			arrow = strstr(name, " -> ");
			if (alike && arrow)
				arrow[2] = '-';
			snprintf(line, sizeof(line), "~ %s: %s", name, text[end]);
			wrapped(p, line, "  ", MARGIN);
		}
	}
}

/* ---- chains ---- */

/* Links at a host; the last one of them but @not in @ret_link. */
static int degree(const struct topology *topo, int host, int not, int *ret_link)
{
	int n = 0;

	for (int i = 0; i < topo->n_links; i++) {
		if (topo->links[i].host[0] != host && topo->links[i].host[1] != host)
			continue;
		n++;
		if (i != not )
			*ret_link = i;
	}
	return n;
}

/**
 * struct chain - hosts one behind the other
 * @host: in order; @link: that to the next; @end: that of @host on it
 */
struct chain {
	int n;
	int *host, *link, *end;
};

/* Walk from one end as far as it goes; it is a chain if that reaches all. */
static bool chain_find(const struct topology *topo, struct chain *c)
{
	int host = -1, came = -1;

	if (topo->n_links != topo->n_hosts - 1)
		return false;
	for (int h = 0; h < topo->n_hosts; h++) {
		int n = degree(topo, h, -1, &(int){ 0 });

		if (n > 2)
			return false;
		if (n < 2 && host < 0)
			host = h;
	}
	while (host >= 0 && c->n < topo->n_hosts) {
		int link = -1;

		degree(topo, host, came, &link);
		c->host[c->n] = host;
		c->link[c->n] = link;
		c->end[c->n] = link >= 0 && topo->links[link].host[1] == host;
		c->n++;
		if (link < 0)
			break;
		host = topo->links[link].host[!c->end[c->n - 1]];
		came = link;
	}
	return c->n == topo->n_hosts;
}

/* Width of what stands beneath one end of the wire behind the @i-th host: @far: at the next host. */
static int addr_width(const struct picture *p, const struct chain *c, int i, bool far)
{
	char text[INET6_ADDRSTRLEN];
	int width = 0;

	for (int fam = 0; fam < FAM_COUNT; fam++) {
		int w = (int)strlen(picture_addr(p, c->link[i], c->end[i] ^ far, fam, text));

		if (p->plan->ip & 1u << fam && w > width)
			width = w;
	}
	return width;
}

static int box_width(const struct picture *p, const struct chain *c, int i)
{
	return (int)strlen(p->plan->topo.hosts[c->host[i]].name) + BOX_SIDES;
}

static int wire_width(const struct picture *p, const struct chain *c, int i)
{
	return addr_width(p, c, i, false) + GAP + addr_width(p, c, i, true);
}

/* Where the @i-th box stands in a row that begins with the @first. */
static int box_column(const struct picture *p, const struct chain *c, int first, int i)
{
	int col = MARGIN + (first ? CUT + addr_width(p, c, first - 1, true) : 0);

	for (int k = first; k < i; k++)
		col += box_width(p, c, k) + wire_width(p, c, k);
	return col;
}

static bool fits(const struct picture *p, const struct chain *c, int first, int i)
{
	int col = box_column(p, c, first, i), room = box_width(p, c, i);

	if (i + 1 < c->n)
		room += addr_width(p, c, i, false) + CUT;
	if (room < NOTE_ROOM && picture_has_notes(p, c->host[i]))
		room = NOTE_ROOM;
	return col + room <= p->paper->columns;
}

/* Can each of them be drawn at all? */
static bool chain_fits(const struct picture *p, const struct chain *c)
{
	for (int i = 0; i < c->n; i++) {
		if (!fits(p, c, i, i))
			return false;
	}
	return true;
}

static void edges_put(const struct picture *p, const struct chain *c, int first, int end,
		      const char *left, const char *right)
{
	int col = 0;

	for (int i = first; i < end; i++) {
		int at = box_column(p, c, first, i);

		text_pad(p->out, col, at);
		fputs(left, p->out);
		repeat(p, p->signs->across, box_width(p, c, i) - 2);
		fputs(right, p->out);
		col = at + box_width(p, c, i);
	}
	fputc('\n', p->out);
}

static void boxes_put(const struct picture *p, const struct chain *c, int first, int end)
{
	const struct signs *s = p->signs;

	text_pad(p->out, 0, MARGIN);
	if (first) {
		repeat(p, s->cut, CUT);
		repeat(p, s->across, addr_width(p, c, first - 1, true));
	}
	for (int i = first; i < end; i++) {
		fprintf(p->out, "%s %s %s", i ? s->wire_left : s->side,
			p->plan->topo.hosts[c->host[i]].name,
			i + 1 < c->n ? s->wire_right : s->side);
		if (i + 1 < end) {
			repeat(p, s->across, wire_width(p, c, i));
		} else if (i + 1 < c->n) {
			repeat(p, s->across, addr_width(p, c, i, false));
			repeat(p, s->cut, CUT);
		}
	}
	fputc('\n', p->out);
}

/* Addresses stand beneath the wire, each at its host's side. */
static void addresses_put(const struct picture *p, const struct chain *c, int first, int end,
			  int fam)
{
	char text[INET6_ADDRSTRLEN];
	int col = 0;

	for (int i = first; i < end; i++) {
		int at = box_column(p, c, first, i);

		if (i) {
			picture_addr(p, c->link[i - 1], !c->end[i - 1], fam, text);
			if (text[0])
				col = text_pad(p->out, col, at - (int)strlen(text));
			col += fprintf(p->out, "%s", text);
		}
		if (i + 1 < c->n) {
			picture_addr(p, c->link[i], c->end[i], fam, text);
			if (text[0])
				col = text_pad(p->out, col, at + box_width(p, c, i));
			col += fprintf(p->out, "%s", text);
		}
	}
	fputc('\n', p->out);
}

static void row_put(const struct picture *p, const struct chain *c, int first, int end)
{
	const struct signs *s = p->signs;

	edges_put(p, c, first, end, s->top_left, s->top_right);
	boxes_put(p, c, first, end);
	edges_put(p, c, first, end, s->bottom_left, s->bottom_right);
	for (int fam = 0; c->n > 1 && fam < FAM_COUNT; fam++) {
		if (p->plan->ip & 1u << fam)
			addresses_put(p, c, first, end, fam);
	}
	for (int i = first; i < end; i++) {
		int col = box_column(p, c, first, i);
		_cleanup_free_ char *prefix = NULL;

		if (asprintf(&prefix, "%*s", col, "") >= 0)
			picture_notes(p, c->host[i], prefix, col);
		else
			prefix = NULL;
	}
}

static void chain_print(const struct picture *p, const struct chain *c)
{
	int first = 0;

	while (first < c->n) {
		int end = first + 1;

		while (end < c->n && fits(p, c, first, end))
			end++;
		if (first)
			fputc('\n', p->out);
		row_put(p, c, first, end);
		first = end;
	}
}

void picture_print(const struct plan *plan, const struct paper *paper, FILE *out)
{
	const struct picture p = { plan, paper, paper->unicode ? &unicode : &ascii, out };
	size_t n = (size_t)plan->topo.n_hosts;
	_cleanup_free_ int *host = calloc(n, sizeof(int));
	_cleanup_free_ int *link = calloc(n, sizeof(int));
	_cleanup_free_ int *end = calloc(n, sizeof(int));
	struct chain chain = { 0, host, link, end };

	if (!host || !link || !end)
		return;
	if (chain_find(&plan->topo, &chain) && chain_fits(&p, &chain))
		chain_print(&p, &chain);
	else
		picture_tree(&p);
	wires_put(&p);
}
