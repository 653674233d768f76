/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as text: what inet_ntop() and inet_pton() do, where the former takes too long. */
#ifndef NSLAB_EVENT_ADDRESS_H
#define NSLAB_EVENT_ADDRESS_H

#include <netinet/in.h>
#include <stddef.h>

/**
 * address_write() - what inet_ntop() writes
 * @af: AF_INET or AF_INET6; @addr: 4 or 16 bytes
 * Return: its length; a NUL is behind it
 */
size_t address_write(int af, const void *addr, char ret[INET6_ADDRSTRLEN]);

/**
 * address_read() - what inet_pton() reads, from a text that need not be terminated
 * @ret: 16 bytes
 * Return: AF_INET or AF_INET6, 0 if it is no address
 */
int address_read(const char *text, size_t len, void *ret);

#endif
