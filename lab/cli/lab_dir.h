/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder in the user's runtime directory where labs that stay have their control sockets, each by its name. Only
 * the user can look into it.
 */
#ifndef NSLAB_CLI_LAB_DIR_H
#define NSLAB_CLI_LAB_DIR_H

#include <stdbool.h>
#include <stddef.h>

#include "netns/err.h"

enum { LAB_NAME_SIZE = 64, LABS_MOST = 1000 };

/** lab_name_check() - letters, digits, '.', '_' and '-', no '.' or '-' first, fewer than LAB_NAME_SIZE; 0 or -EINVAL */
int lab_name_check(const char *name, struct lab_err *err);

/**
 * lab_publish() - a socket by which the lab @name is reached from now on
 * @numbered: if that name is taken, take NAME-2, NAME-3 …
 * @ret_name: LAB_NAME_SIZE bytes: the name it got
 * @ret_fd: bound and listening; to be handed to the lab
 * Return: 0; -EEXIST: such a lab stands; -errno
 */
int lab_publish(const char *name, bool numbered, char *ret_name, int *ret_fd, struct lab_err *err);

/** lab_stands() - does a lab of this name answer? A socket that nobody serves any more is removed */
bool lab_stands(const char *name);

/**
 * lab_connect() - call a lab
 * @name: NULL: the one in whose host we are; else the only one there is
 * @ret_name: LAB_NAME_SIZE bytes, or NULL: its name, "" inside
 * Return: a connected socket; -ENOENT, -ENOTUNIQ, -errno with the fix
 */
int lab_connect(const char *name, char *ret_name, struct lab_err *err);

/** lab_forget() - remove what is left of a lab that is gone */
void lab_forget(const char *name);

/**
 * struct lab_names - labs that stand, sorted
 */
struct lab_names {
	char (*list)[LAB_NAME_SIZE];
	int n;
};

/** lab_names() - 0, also if there are none; free(@ret->list). -errno if that cannot be told */
int lab_names(struct lab_names *ret, struct lab_err *err);

#endif
