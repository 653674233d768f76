/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Templates: markup with named blocks and placeholders.
 *
 *     <!-- block run --> … <!-- end run -->   a block; its name stands for what it was filled to
 *     {{name}}                                a value, escaped for text and for quoted attributes
 *     {{{name}}}                              a value that is markup, of our own making
 *
 * Where a block stands in another one, there goes the value of that name, as it is: who writes the
 * outer block has filled the inner one before, as often as needed. What stands outside of all
 * blocks is nobody's.
 */
#ifndef NSLAB_REPORT_TEMPLATE_H
#define NSLAB_REPORT_TEMPLATE_H

#include <stddef.h>
#include <stdio.h>

/** struct value - what goes where a name is; the last of a list has none */
struct value {
	const char *name;
	const char *text;
};

/** struct template_block - what the code fills; the last of a list has no name */
struct template_block {
	const char *name;
	const char *values; /* " id title story " */
};

/**
 * template_check() - do a template and its users agree?
 * Every block has to be listed, and every listed one to be there, and the names in it to be those
 * of the list.
 * Return: malloced, what is wrong; NULL if nothing is
 */
char *template_check(const char *text, const struct template_block *blocks);

/**
 * template_put() - write a block
 * @values: a name that is missing is a bug, and asserted
 */
void template_put(FILE *out, const char *text, const char *block, const struct value *values);

#endif
