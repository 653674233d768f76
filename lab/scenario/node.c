// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the text is first looked at byte by byte, so that libfyaml only ever sees
 * clean UTF-8. Then libfyaml's events are turned into a tree. Every node hangs in its parent from
 * the moment it exists, so freeing the root frees all, wherever the parse stops.
 */
#include "lab/scenario/node.h"

#include <libfyaml.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/utf8.h"
#include "lab/scenario/control.h"
#include "lab/scenario/problem.h"

enum {
	DEPTH_MAX = 32,
	LINES_MAX =
		10000, /* libfyaml takes its time for blank lines, in the square of their number */
};

/**
 * struct builder - the tree so far
 * @lines: where each line begins
 * @stack, @depth: mappings and lists that are still open
 * @bad: something was refused
 */
struct builder {
	struct problems *problems;
	const char *text;
	size_t len;
	size_t *lines;
	int n_lines;
	struct node *root;
	struct node *stack[DEPTH_MAX];
	int depth;
	int n_documents;
	int last_line, last_col;
	bool bad;
};

void node_free(struct node *node)
{
	if (!node)
		return;
	for (int i = 0; i < node->n; i++) {
		if (node->keys)
			node_free(node->keys[i]);
		node_free(node->items[i]);
	}
	free(node->keys);
	free(node->items);
	free(node->text);
	free(node);
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (int i = 0; i < map->n; i++)
		if (!strcmp(map->keys[i]->text, key))
			return map->items[i];
	return NULL;
}

static int build_nomem(struct builder *b)
{
	b->problems->nomem = true;
	b->bad = true;
	return -1;
}

static void build_refuse(struct builder *b, int line, int col, const char *text)
{
	problem_add(b->problems, line, col, NULL, "%s", text);
	b->bad = true;
}

/* text_is_clean() - refuse bytes that have no business in a text file; reports only the first */
static bool text_is_clean(struct builder *b)
{
	const char *at = b->text, *end = b->text + b->len;
	int line = 1, col = 1;

	while (at < end) {
		uint32_t c;
		size_t n = (size_t)utf8_decode(at, (size_t)(end - at), &c);
		bool crlf = n && c == '\r' && at + 1 < end && at[1] == '\n';

		if (!n) {
			problem_add(b->problems, line, col, NULL,
				    "this is not UTF-8 text (byte \\x%02x)", (unsigned char)*at);
			return false;
		}
		if (c == 0) {
			problem_add(b->problems, line, col, NULL,
				    "this is not a text file (it has a NUL byte)");
			return false;
		}
		if (c != '\n' && c != '\t' && !crlf && control_is(c)) {
			problem_add(b->problems, line, col, NULL,
				    "control characters are not allowed (U+%04X)", (unsigned)c);
			return false;
		}
		if (c == '%' && col == 1) {
			problem_add(b->problems, line, col, NULL,
				    "directives are not part of the format");
			return false;
		}
		at += n;
		col++;
		if (c == '\n') {
			line++;
			col = 1;
		}
	}
	return true;
}

/* find_lines() - so that a line is found at once, however long the file */
static int find_lines(struct builder *b)
{
	int n = 1;

	for (size_t i = 0; i + 1 < b->len; i++)
		n += b->text[i] == '\n';
	b->lines = calloc((size_t)n, sizeof(*b->lines));
	if (!b->lines)
		return build_nomem(b);
	for (size_t i = 0; i + 1 < b->len; i++)
		if (b->text[i] == '\n')
			b->lines[++b->n_lines] = i + 1;
	b->n_lines++;
	if (b->n_lines <= LINES_MAX)
		return 0;
	problem_add(b->problems, LINES_MAX + 1, 1, NULL, "too long; at most %d lines are allowed",
		    LINES_MAX);
	b->bad = true;
	return -1;
}

/* line_at() - the text of a line, not terminated; the last one for a line behind the end */
static const char *line_at(const struct builder *b, int line, size_t *ret_len)
{
	size_t from = b->lines[(line > b->n_lines ? b->n_lines : line) - 1];
	const char *at = b->text + from, *newline = memchr(at, '\n', b->len - from);

	*ret_len = newline ? (size_t)(newline - at) : b->len - from;
	return at;
}

static bool line_has_tab_indent(const struct builder *b, int line)
{
	size_t len;
	const char *at = line_at(b, line, &len);

	for (; len && (*at == ' ' || *at == '\t'); at++, len--)
		if (*at == '\t')
			return true;
	return false;
}

static bool line_contains(const char *line, size_t len, const char *what)
{
	size_t n = strlen(what);

	for (size_t i = 0; i + n <= len; i++)
		if (!memcmp(line + i, what, n))
			return true;
	return false;
}

/* syntax_hint() - what people usually meant where YAML's rules get in the way */
static const char *syntax_hint(const struct builder *b, int line, const char *msg)
{
	size_t len;
	const char *at = line_at(b, line, &len);

	if (line_contains(at, len, "${"))
		return "put a value with ${…} in quotes: \"${name}\"";
	if (line_contains(at, len, ": >"))
		return "put a comparison in quotes: \">= 2\"";
	if (strstr(msg, "missing comma"))
		return "perhaps a brace is still open further up";
	return NULL;
}

static void collect_syntax_errors(struct builder *b, struct fy_diag *diag)
{
	int before = b->problems->n;
	struct fy_diag_error *error;
	void *iter = NULL;

	while ((error = fy_diag_errors_iterate(diag, &iter))) {
		int line = error->line < 1 ? 1 : error->line, col = error->column;
		const char *msg = error->msg ? error->msg : "syntax error";
		size_t len;

		if (line > b->n_lines) { /* the end of the file; point at a line that exists */
			line = b->n_lines;
			line_at(b, line, &len);
			col = (int)len + 1;
		}
		if (col < 1)
			col = 1;
		if (line_has_tab_indent(b, line))
			problem_add(b->problems, line, col, NULL,
				    "tabs cannot indent YAML; use spaces");
		else
			problem_add(b->problems, line, col, syntax_hint(b, line, msg),
				    "not YAML: %s", msg);
		b->bad = true;
	}
	if (b->problems->n == before && !b->bad)
		build_refuse(b, b->last_line, b->last_col, "not YAML: syntax error");
}

static struct node *node_new(enum node_kind kind, int line, int col)
{
	struct node *node = calloc(1, sizeof(*node));

	if (node) {
		node->kind = kind;
		node->line = line;
		node->col = col;
	}
	return node;
}

/* array_room() - one more place in an array whose size doubles when its use reaches a power of 2 */
static int array_room(struct node ***array, int n)
{
	struct node **grown;

	if (n & (n - 1))
		return 0;
	grown = realloc(*array, sizeof(*grown) * (size_t)(n ? 2 * n : 1));
	if (!grown)
		return -1;
	*array = grown;
	return 0;
}

static struct node *build_top(const struct builder *b)
{
	return b->depth ? b->stack[b->depth - 1] : NULL;
}

/* build_wants_key() - is the next node a key? */
static bool build_wants_key(const struct builder *b)
{
	const struct node *top = build_top(b);

	return top && top->kind == NODE_MAP && (!top->n || top->items[top->n - 1]);
}

static int build_key(struct builder *b, struct node *node)
{
	struct node *top = build_top(b);

	if (node->kind != NODE_SCALAR) {
		build_refuse(b, node->line, node->col, "a key must be a plain word");
		node_free(node);
		return -1;
	}
	if (array_room(&top->keys, top->n) || array_room(&top->items, top->n)) {
		node_free(node);
		return build_nomem(b);
	}
	/* a mapping inside a flow list, as in [a: b], begins where its first key does */
	if (!top->n &&
	    (node->line < top->line || (node->line == top->line && node->col < top->col))) {
		top->line = node->line;
		top->col = node->col;
	}
	top->keys[top->n] = node;
	top->items[top->n++] = NULL;
	return 0;
}

/* build_hang() - hang @node into the tree; takes it over even when it fails */
static int build_hang(struct builder *b, struct node *node)
{
	struct node *top = build_top(b);

	if (!node)
		return build_nomem(b);
	if (build_wants_key(b))
		return build_key(b, node);
	if (!top) {
		node_free(b->root);
		b->root = node;
	} else if (top->kind == NODE_MAP) {
		top->items[top->n - 1] = node;
	} else {
		if (array_room(&top->items, top->n)) {
			node_free(node);
			return build_nomem(b);
		}
		top->items[top->n++] = node;
	}
	if (node->kind == NODE_SCALAR)
		return 0;
	if (b->depth == DEPTH_MAX) {
		build_refuse(b, node->line, node->col, "nested too deeply; at most 32 levels");
		return -1;
	}
	b->stack[b->depth++] = node;
	return 0;
}

static bool is_null_word(const char *text)
{
	return !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") ||
	       !strcmp(text, "NULL");
}

/* escapes in quotes can make what may not stand in the file; line ends and tabs are useful */
static bool scalar_is_clean(const char *text, size_t len)
{
	for (size_t n; len; text += n, len -= n) {
		uint32_t c;

		n = (size_t)utf8_decode(text, len, &c);
		if (!n)
			return false;
		if (c != '\n' && c != '\r' && c != '\t' && control_is(c))
			return false;
	}
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/*
 * fold_break() - a line break in quotes, and all blanks around it (YAML 1.2, 6.5, "line folding")
 * Return: how far it reaches from @at; @text, @len get what it stands for: one break a blank, more
 * breaks one newline less than they are
 */
static size_t fold_break(const char *raw, size_t at, size_t end, char *text, size_t *len)
{
	int breaks = 0;

	while (*len && is_blank(text[*len - 1]))
		(*len)--;
	for (; at < end && (is_blank(raw[at]) || raw[at] == '\n'); at++) {
		if (raw[at] != '\n')
			continue;
		if (breaks++)
			text[(*len)++] = '\n';
	}
	if (breaks == 1)
		text[(*len)++] = ' ';
	return at;
}

/*
 * single_quoted_text() - decode a single-quoted scalar, malloced; NULL when memory is out
 * By hand, because fy_token_get_text() of libfyaml 0.7 leaks if many quotes are inside.
 */
static char *single_quoted_text(const struct builder *b, struct fy_token *token, size_t *ret_len)
{
	const struct fy_mark *from = fy_token_start_mark(token), *to = fy_token_end_mark(token);
	size_t at = from ? from->input_pos : 0, end = to ? to->input_pos : 0, len = 0;
	char *text;

	if (end > b->len || at > end)
		at = end = 0;
	text = malloc(end - at + 1);
	if (!text)
		return NULL;
	while (at < end) {
		if (b->text[at] == '\n') {
			at = fold_break(b->text, at, end, text, &len);
			continue;
		}
		at += b->text[at] == '\''; /* two stand for one */
		text[len++] = b->text[at++];
	}
	text[len] = '\0';
	*ret_len = len;
	return text;
}

/* token_text() - a scalar's text, malloced; NULL when memory is out */
static char *token_text(const struct builder *b, struct fy_token *token, size_t *ret_len)
{
	const char *text;

	*ret_len = 0;
	if (!token)
		return strdup("");
	if (fy_token_scalar_style(token) == FYSS_SINGLE_QUOTED)
		return single_quoted_text(b, token, ret_len);
	text = fy_token_get_text(token, ret_len);
	return text ? strndup(text, *ret_len) : NULL;
}

static struct node *scalar_new(struct builder *b, struct fy_token *token, int line, int col)
{
	enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
	struct node *node = node_new(NODE_SCALAR, line, col);
	size_t len;

	if (!node)
		return NULL;
	node->quoted = style != FYSS_PLAIN && style != FYSS_ANY;
	node->text = token_text(b, token, &len);
	if (!node->text) {
		node_free(node);
		return NULL;
	}
	if (!scalar_is_clean(node->text, len))
		build_refuse(b, line, col, "control characters are not allowed");
	if (!node->quoted && !build_wants_key(b) && is_null_word(node->text))
		node->text[0] = '\0';
	return node;
}

/*
 * build_place() - where an event's node is; an empty value is where its key is
 * libfyaml's marks stand behind a quote, an "&" or a "*"; people look for these themselves.
 */
static void build_place(struct builder *b, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);
	struct fy_token *token = fy_event_get_token(event);
	bool behind = event->type == FYET_ALIAS;

	if (!mark)
		return;
	if (event->type == FYET_SCALAR && token)
		behind = fy_token_scalar_style(token) == FYSS_SINGLE_QUOTED ||
			 fy_token_scalar_style(token) == FYSS_DOUBLE_QUOTED;
	b->last_line = mark->line + 1;
	b->last_col = mark->column + (behind && mark->column ? 0 : 1);
}

static void refuse_features(struct builder *b, struct fy_event *event)
{
	struct fy_token *anchor = fy_event_get_anchor_token(event);
	struct fy_token *tag = fy_event_get_tag_token(event);
	const struct fy_mark *mark;

	mark = anchor ? fy_token_start_mark(anchor) : NULL;
	if (anchor || event->type == FYET_ALIAS)
		build_refuse(b, mark ? mark->line + 1 : b->last_line,
			     mark && mark->column ? mark->column : b->last_col,
			     "anchors and aliases are not part of the format");
	mark = tag ? fy_token_start_mark(tag) : NULL;
	if (tag)
		build_refuse(b, mark ? mark->line + 1 : b->last_line,
			     mark ? mark->column + 1 : b->last_col,
			     "tags are not part of the format");
}

static int build_document(struct builder *b)
{
	if (b->n_documents++ == 0)
		return 0;
	build_refuse(b, b->last_line, b->last_col, "a second document; a scenario is one document");
	return -1;
}

/* build_event() - add one event to the tree; -1 to stop */
static int build_event(struct builder *b, struct fy_event *event)
{
	build_place(b, event);
	switch (event->type) {
	case FYET_DOCUMENT_START:
		return build_document(b);
	case FYET_SCALAR:
		refuse_features(b, event);
		return build_hang(b, scalar_new(b, event->scalar.value, b->last_line, b->last_col));
	case FYET_ALIAS:
		refuse_features(b, event);
		return build_hang(b, scalar_new(b, NULL, b->last_line, b->last_col));
	case FYET_MAPPING_START:
		refuse_features(b, event);
		return build_hang(b, node_new(NODE_MAP, b->last_line, b->last_col));
	case FYET_SEQUENCE_START:
		refuse_features(b, event);
		return build_hang(b, node_new(NODE_LIST, b->last_line, b->last_col));
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		if (b->depth)
			b->depth--;
		return 0;
	default:
		return 0;
	}
}

static void build_tree(struct builder *b, struct fy_parser *parser, struct fy_diag *diag)
{
	struct fy_event *event;
	int stop = 0;

	while (!stop && (event = fy_parser_parse(parser))) {
		stop = build_event(b, event);
		fy_parser_event_free(parser, event);
	}
	if (!stop && fy_parser_get_stream_error(parser))
		collect_syntax_errors(b, diag);
}

/* parse_events() - run libfyaml over the text; it collects its complaints, and prints nothing */
static void parse_events(struct builder *b)
{
	struct fy_parse_cfg cfg = {
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DISABLE_MMAP_OPT |
			 FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
	};
	struct fy_diag_cfg diag_cfg;
	struct fy_parser *parser;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.colorize = false;
	cfg.diag = fy_diag_create(&diag_cfg);
	if (!cfg.diag) {
		build_nomem(b);
		return;
	}
	fy_diag_set_collect_errors(cfg.diag, true);
	parser = fy_parser_create(&cfg);
	if (!parser || fy_parser_set_string(parser, b->text, b->len))
		build_nomem(b);
	else
		build_tree(b, parser, cfg.diag);
	fy_parser_destroy(parser);
	fy_diag_destroy(cfg.diag);
}

/* a line that a tab indents can be valid YAML inside { }; it still means other things to others */
static void refuse_tabs(struct builder *b, const struct node *node)
{
	if (!node->quoted && line_has_tab_indent(b, node->line))
		build_refuse(b, node->line, 1, "tabs cannot indent YAML; use spaces");
	for (int i = 0; i < node->n; i++) {
		if (node->keys)
			refuse_tabs(b, node->keys[i]);
		refuse_tabs(b, node->items[i]);
	}
}

struct node *node_parse(const char *text, size_t len, struct problems *problems)
{
	struct builder b = { .problems = problems, .last_line = 1, .last_col = 1 };

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* a byte order mark */
		text += 3;
		len -= 3;
	}
	b.text = text;
	b.len = len;
	if (!text_is_clean(&b))
		return NULL;
	if (len && !find_lines(&b))
		parse_events(&b);
	if (!b.bad && !b.root)
		build_refuse(&b, 1, 1, "the file is empty");
	if (!b.bad)
		refuse_tabs(&b, b.root);
	free(b.lines);
	if (b.bad) {
		node_free(b.root);
		return NULL;
	}
	return b.root;
}
