// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a query to the name server. What comes back is a response that libresolv can read, to
 * this query, no longer than the transport allows.
 */
#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "lab/run/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void response_check(const uint8_t *query, const uint8_t *out, size_t len)
{
	char owner[NS_MAXDNAME];
	ns_msg msg;
	ns_rr rr;

	must(!memcmp(query, out, 2) && out[2] & 0x80 && !ns_initparse(out, (int)len, &msg));
	for (int section = ns_s_qd; section <= ns_s_ar; section++)
		for (int i = 0; i < ns_msg_count(msg, section); i++)
			must(!ns_parserr(&msg, (ns_sect)section, i, &rr));
	for (int i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
		must(!ns_parserr(&msg, ns_s_an, i, &rr));
		must(ns_rr_type(rr) != ns_t_ptr ||
		     ns_name_uncompress(out, out + len, ns_rr_rdata(rr), owner, sizeof(owner)) ==
			     ns_rr_rdlen(rr));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char a[] = "a", name[] = "www";
	static struct topo_host hosts[] = { { .name = a }, { .name = name + 1 } };
	static struct topo_link link = { .host = { 0, 1 } };
	static struct topology topo = { .hosts = hosts, .n_hosts = 2, .links = &link, .n_links = 1 };
	static struct dns_record records[100];
	struct dns_zone zone = { .topo = &topo, .families = 3, .records = records, .n = 100 };
	uint8_t out[DNS_MAX];
	bool stream;
	size_t n;

	if (!records[0].name) {
		must(!topology_complete(&topo, NULL, NULL, &(struct lab_err){ 0 }));
		for (int i = 0; i < 100; i++)
			records[i] = (struct dns_record){ .name = name, .host = -1, .fam = i % 2 };
	}
	if (!len)
		return 0;
	stream = data[0] & 1;
	n = dns_answer(data + 1, len - 1, &zone, data[0] >> 1 & 1, stream, out);
	must(n <= (stream ? DNS_MAX : DNS_UDP_MAX));
	if (n)
		response_check(data + 1, out, n);
	return 0;
}
