/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: an atomic nf_tables transaction under construction, and its delivery. */
#ifndef NSLAB_IMPAIR_BATCH_H
#define NSLAB_IMPAIR_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "netns/err.h"

struct nlmsghdr;

/**
 * struct batch - messages, one behind the other
 * @buf, @len, @cap: the bytes so far; @buf is owned
 * @seq: sequence number of the last message
 * @last: where that one begins
 * @family: NFPROTO_ of the messages, 0 for NFPROTO_INET
 */
struct batch {
	char *buf;
	size_t len, cap, last;
	uint32_t seq;
	uint8_t family;
};

/** batch_begin() - start a transaction; 0 or -ENOMEM */
int batch_begin(struct batch *batch);

/**
 * batch_message() - append the header of one more message
 * @type: NFT_MSG_; @flags: NLM_F_
 * Return: the header, with 64 KiB of room behind it, to be filled by a libnftnl payload builder and
 * handed to batch_message_end(); NULL when memory is out. Valid until the next call
 */
struct nlmsghdr *batch_message(struct batch *batch, uint16_t type, uint16_t flags);
void batch_message_end(struct batch *batch, struct nlmsghdr *nlh);

/**
 * batch_commit() - end the transaction, send it, and read what the kernel says
 * Takes effect as a whole or not at all.
 * @fd: a NETLINK_NETFILTER socket; @doing: begins the error's text
 * Return: 0, or -errno of the first refused message
 */
int batch_commit(struct batch *batch, int fd, const char *doing, struct lab_err *err);

/** batch_free() - free the bytes; the struct may be used again */
void batch_free(struct batch *batch);

#endif
