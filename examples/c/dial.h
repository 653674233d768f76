/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DIAL_H
#define DIAL_H

/**
 * dial_with_retry() - connect over TCP
 * @host, @port: whom, as for getaddrinfo()
 * @timeout_ms: for each attempt, and each address
 * @attempts: how many; another one is made only after a timeout
 *
 * Return: the connected socket, which the caller closes, or a negative errno: -ETIMEDOUT after the last attempt
 */
int dial_with_retry(const char *host, const char *port, int timeout_ms, int attempts);

#endif
