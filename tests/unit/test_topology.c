// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses, interfaces and checks; the ways through a topology are in test_topology_routes.c. */
#include "tests/support/main.h"

#include <errno.h>

#include "netns/cleanup.h"
#include "tests/unit/topo_fixture.h"

/* Complete; expect success. */
static void complete(struct topology *topo)
{
	struct lab_err err = { 0 };
	int host = 7, link = 7;

	if (topology_complete(topo, &host, &link, &err) < 0)
		fail_msg("refused: %s", err.msg);
	assert_int_equal(host, -1);
	assert_int_equal(link, -1);
}

/* Complete; expect a refusal that names the culprits and says @words. */
static void refuse(struct topology *topo, int want_host, int want_link, const char *words)
{
	struct lab_err err = { 0 };
	int host = 7, link = 7;

	assert_int_equal(topology_complete(topo, &host, &link, &err), -EINVAL);
	assert_int_equal(host, want_host);
	assert_int_equal(link, want_link);
	assert_int_equal(err.code, EINVAL);
	if (!strstr(err.msg, words))
		fail_msg("'%s' is not in '%s'", words, err.msg);
	topology_free(topo);
}

static void test_topology_names_interfaces_in_order_of_links(void **state)
{
	struct topology topo;

	(void)state;
	topo_make(&topo, "a b c", "b-a b-c a-b");
	complete(&topo);
	assert_string_equal(topo.links[0].ifname[0], "eth0"); /* b */
	assert_string_equal(topo.links[0].ifname[1], "eth0"); /* a */
	assert_string_equal(topo.links[1].ifname[0], "eth1"); /* b */
	assert_string_equal(topo.links[1].ifname[1], "eth0"); /* c */
	assert_string_equal(topo.links[2].ifname[0], "eth1"); /* a */
	assert_string_equal(topo.links[2].ifname[1], "eth2"); /* b */
	/* lo has 1; no two are the same, also in different hosts */
	for (int i = 0; i < 2 * topo.n_links; i++) {
		assert_true(topo.links[i / 2].ifindex[i % 2] > 1);
		for (int j = 0; j < i; j++)
			assert_int_not_equal(topo.links[i / 2].ifindex[i % 2],
					     topo.links[j / 2].ifindex[j % 2]);
	}
	topology_free(&topo);
	assert_int_equal(topo.n_hosts, 0);
	assert_null(topo.links);
}

static void test_topology_forwards_where_there_is_more_than_one_link(void **state)
{
	struct topology topo;

	(void)state;
	topo_make(&topo, "a b c d", "a-b b-c c-d");
	topo.hosts[2].forward = FORWARD_NO;
	topo.hosts[3].forward = FORWARD_YES;
	complete(&topo);
	assert_int_equal(topo.hosts[0].forward, FORWARD_NO);
	assert_int_equal(topo.hosts[1].forward, FORWARD_YES);
	assert_int_equal(topo.hosts[2].forward, FORWARD_NO);
	assert_int_equal(topo.hosts[3].forward, FORWARD_YES);
	topology_free(&topo);
}

static void test_topology_chooses_a_network_for_each_link(void **state)
{
	static const char *const want[2][2][FAM_COUNT] = {
		{ { "10.0.1.1/24", "fd00:0:0:1::1/64" }, { "10.0.1.2/24", "fd00:0:0:1::2/64" } },
		{ { "10.0.2.1/24", "fd00:0:0:2::1/64" }, { "10.0.2.2/24", "fd00:0:0:2::2/64" } },
	};
	struct topology topo;

	(void)state;
	topo_make(&topo, "a b c", "a-b b-c");
	complete(&topo);
	for (int i = 0; i < 2; i++) {
		for (int end = 0; end < 2; end++) {
			for (int fam = 0; fam < FAM_COUNT; fam++)
				assert_string_equal(topo_text(&topo, i, end, fam),
						    want[i][end][fam]);
		}
	}
	topology_free(&topo);
}

static void test_topology_keeps_given_addresses_and_chooses_around_them(void **state)
{
	struct topology topo;

	(void)state;
	topo_make(&topo, "a b c d", "a-b b-c c-d");
	/* the last link has what the first would have got, and more than that */
	topo_address(&topo, 2, 0, "10.0.0.9/22");
	topo_address(&topo, 2, 1, "10.0.3.77/22");
	topo_address(&topo, 1, 1, "fd00:0:0:2:8::1/80");
	topo_address(&topo, 1, 0, "fd00::2:8:0:0:2/80");
	complete(&topo);
	assert_string_equal(topo_text(&topo, 0, 0, FAM4), "10.0.4.1/24");
	assert_string_equal(topo_text(&topo, 1, 1, FAM4), "10.0.5.2/24");
	assert_string_equal(topo_text(&topo, 2, 1, FAM4), "10.0.3.77/22");
	assert_string_equal(topo_text(&topo, 0, 0, FAM6), "fd00:0:0:1::1/64");
	assert_string_equal(topo_text(&topo, 1, 0, FAM6), "fd00::2:8:0:0:2/80");
	assert_string_equal(topo_text(&topo, 2, 0, FAM6), "fd00:0:0:3::1/64");
	topology_free(&topo);
}

/* the host part is all zeros, or all ones */
static bool host_part_is(const struct topo_addr *addr, int fam, int bit)
{
	for (int i = addr->prefix; i < 8 * topo_addr_len(fam); i++) {
		if ((addr->bytes[i / 8] >> (7 - i % 8) & 1) != bit)
			return false;
	}
	return true;
}

static bool same_network(const struct topo_addr *a, const struct topo_addr *b)
{
	for (int i = 0; i < a->prefix; i++) {
		if ((a->bytes[i / 8] ^ b->bytes[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return a->prefix == b->prefix;
}

/*
 * One end given: the other gets an address of the same network that a host can have. That is neither
 * the network's own nor the broadcast address (RFC 1122, 3.2.1.3), nor the subnet-router anycast
 * address (RFC 4291, 2.6.1), which every router of the link answers to; where there are only two
 * addresses they are both for hosts (RFC 3021, RFC 6164).
 */
static void test_topology_chooses_the_other_end_of_a_given_address(void **state)
{
	static const char *const given[] = {
		"10.0.0.1/24",	  "10.0.0.2/24",      "10.0.0.254/24",	"10.0.0.255/22",
		"10.0.1.0/22",	  "10.0.0.126/25",    "10.0.0.129/25",	"10.0.0.5/30",
		"10.0.0.6/30",	  "10.0.0.1/30",      "10.0.0.2/30",	"10.0.0.8/31",
		"10.0.0.9/31",	  "10.255.255.254/8", "10.0.0.254/16",	"192.168.7.1/29",
		"192.168.7.6/29", "172.16.0.0/31",    "fd00::1/64",	"fd00::2/64",
		"fd00::ffff/64",  "fd00::/127",	      "fd00::1/127",	"fd00::5/126",
		"fd00::6/126",	  "fd00::fe/120",     "2001:db8::1/32",
	};
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(given); i++) {
		for (int end = 0; end < 2; end++) {
			struct topo_addr addr;
			struct topology topo;
			const struct topo_addr *other;
			int fam = topo_addr_parse(given[i], &addr);
			bool tiny = addr.prefix == 8 * topo_addr_len(fam) - 1, bad;

			topo_make(&topo, "a b", "a-b");
			topo_address(&topo, 0, end, given[i]);
			complete(&topo);
			assert_string_equal(topo_text(&topo, 0, end, fam), given[i]);
			other = &topo.links[0].addr[!end][fam];
			assert_true(other->set);
			assert_true(same_network(&addr, other));
			assert_memory_not_equal(addr.bytes, other->bytes, topo_addr_len(fam));
			bad = !tiny && (host_part_is(other, fam, 0) ||
					(fam == FAM4 && host_part_is(other, fam, 1)));
			if (bad && end == 0)
				print_error("%s has %s at its other end\n", given[i],
					    topo_text(&topo, 0, !end, fam));
			wrong += bad;
			topology_free(&topo);
		}
	}
	assert_int_equal(wrong, 0);
}

static void test_topology_refuses_ends_that_do_not_fit(void **state)
{
	static const struct {
		const char *a, *b, *words;
	} cases[] = {
		{ "10.0.0.1/24", "10.0.0.1/24", "both ends of a -- b have the address 10.0.0.1" },
		{ "10.0.0.1/24", "10.0.1.1/24", "different networks: 10.0.0.1/24 and 10.0.1.1/24" },
		{ "10.0.0.1/24", "10.0.0.2/25", "different networks" },
		{ "10.0.0.0/31", "10.0.0.2/31", "different networks" },
		{ "10.0.0.127/25", "10.0.0.128/25", "different networks" },
		{ "fd00::1/64", "fd00:0:0:1::1/64", "different networks" },
		{ "fd00::1/127", "fd00::2/127", "different networks" },
		{ "fd00::1/127", "fd00::1/127", "both ends" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct topology topo;

		topo_make(&topo, "a b", "a-b");
		topo_address(&topo, 0, 0, cases[i].a);
		topo_address(&topo, 0, 1, cases[i].b);
		refuse(&topo, -1, 0, cases[i].words);
	}
}

static void test_topology_takes_ends_that_just_fit(void **state)
{
	static const char *const pairs[][2] = {
		{ "10.0.0.0/31", "10.0.0.1/31" },
		{ "10.0.0.126/25", "10.0.0.1/25" },
		{ "fd00::/127", "fd00::1/127" },
		{ "fd00::1/65", "fd00::7fff:ffff:ffff:ffff/65" },
		{ "1.0.0.1/1", "127.255.255.254/1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct topology topo;

		topo_make(&topo, "a b", "a-b");
		topo_address(&topo, 0, 0, pairs[i][0]);
		topo_address(&topo, 0, 1, pairs[i][1]);
		complete(&topo);
		topology_free(&topo);
	}
}

static void test_topology_refuses_networks_that_overlap(void **state)
{
	static const struct {
		const char *first, *second;
		bool overlap;
	} cases[] = {
		{ "10.0.0.1/24", "10.0.0.200/24", true },
		{ "10.0.0.1/16", "10.0.9.1/24", true },
		{ "10.0.9.1/24", "10.0.0.1/16", true },
		{ "10.0.0.1/25", "10.0.0.129/25", false },
		{ "10.0.0.0/31", "10.0.0.2/31", false },
		{ "fd00::1/64", "fd00::2:1/112", true },
		{ "fd00::1/112", "fd00::1:1/112", false },
		{ "fd00::/127", "fd00::2/127", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct topology topo;

		topo_make(&topo, "a b c", "a-b b-c");
		topo_address(&topo, 0, 0, cases[i].first);
		topo_address(&topo, 1, 1, cases[i].second);
		if (cases[i].overlap) {
			refuse(&topo, -1, 0, "overlaps that of b -- c");
		} else {
			complete(&topo);
			topology_free(&topo);
		}
	}
}

static void test_topology_refuses_a_link_to_itself(void **state)
{
	struct topology topo;

	(void)state;
	topo_make(&topo, "a b", "a-b b-b");
	refuse(&topo, -1, 1, "joins a host to itself");
}

static void test_topology_refuses_a_host_that_no_link_reaches(void **state)
{
	struct topology topo;

	(void)state;
	topo_make(&topo, "a b c d", "a-b c-d");
	refuse(&topo, 2, -1, "no link leads from host 'a' to host 'c'");
	topo_make(&topo, "a b c", "a-b");
	refuse(&topo, 2, -1, "'c'");
	topo_make(&topo, "a", "");
	complete(&topo);
	topology_free(&topo);
	topo_make(&topo, "", "");
	refuse(&topo, -1, -1, "no hosts");
}

static void test_topology_gives_parallel_links_networks_of_their_own(void **state)
{
	struct topology topo;

	(void)state;
	topo_make(&topo, "a b", "a-b b-a a-b");
	complete(&topo);
	assert_string_equal(topo_text(&topo, 2, 0, FAM4), "10.0.3.1/24");
	/* the two ends of the second are turned round */
	assert_int_equal(topology_owner(&topo, FAM4, topo.links[1].addr[0][FAM4].bytes), 1);
	topology_free(&topo);
}

/* Every address belongs to one host, and that is the one that topology_owner() finds. */
static void test_topology_owner_is_unique(void **state)
{
	uint8_t nobody[16] = { 10, 255, 255, 1 };
	struct topology topo;

	(void)state;
	topo_make(&topo, "a b c d", "a-b b-c c-d d-a a-c a-b");
	complete(&topo);
	for (int i = 0; i < 2 * FAM_COUNT * topo.n_links; i++) {
		const struct topo_link *link = &topo.links[i / (2 * FAM_COUNT)];
		int end = i / FAM_COUNT % 2, fam = i % FAM_COUNT, same = 0;

		assert_int_equal(topology_owner(&topo, fam, link->addr[end][fam].bytes),
				 link->host[end]);
		for (int k = 0; k < 2 * topo.n_links; k++)
			same += !memcmp(topo.links[k / 2].addr[k % 2][fam].bytes,
					link->addr[end][fam].bytes, (size_t)topo_addr_len(fam));
		assert_int_equal(same, 1);
	}
	assert_int_equal(topology_owner(&topo, FAM4, nobody), -1);
	assert_int_equal(topology_owner(&topo, FAM6, nobody), -1);
	topology_free(&topo);
}

static void test_topology_has_room_for_all_hosts_there_may_be(void **state)
{
	struct topology topo = { 0 };
	char name[16];

	(void)state;
	topo.hosts = topo_need(calloc(TOPO_MAX_HOSTS, sizeof(*topo.hosts)));
	topo.links = topo_need(calloc(TOPO_MAX_HOSTS, sizeof(*topo.links)));
	for (int h = 0; h < TOPO_MAX_HOSTS; h++) {
		snprintf(name, sizeof(name), "h%d", h);
		topo.hosts[topo.n_hosts++].name = topo_need(strdup(name));
		if (h)
			topo.links[topo.n_links++].host[1] = h;
	}
	complete(&topo);
	assert_string_equal(topo_text(&topo, 255, 1, FAM4), "10.1.0.2/24");
	assert_string_equal(topo_text(&topo, 1022, 0, FAM6), "fd00:0:0:3ff::1/64");
	assert_string_equal(topo.links[1022].ifname[0], "eth1022");
	assert_int_equal(topology_owner(&topo, FAM4, topo.links[1022].addr[1][FAM4].bytes), 1023);
	topology_free(&topo);
}

static void test_topo_addr_parse_reads_both_families(void **state)
{
	static const struct {
		const char *text;
		int fam, prefix;
	} good[] = {
		{ "10.0.0.1/24", FAM4, 24 },
		{ "10.0.0.1/1", FAM4, 1 },
		{ "0.0.0.0/31", FAM4, 31 },
		{ "fd00::1/64", FAM6, 64 },
		{ "::/1", FAM6, 1 },
		{ "::1/127", FAM6, 127 },
		{ "::ffff:10.0.0.1/96", FAM6, 96 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", FAM6, 127 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct topo_addr addr;
		char text[INET6_ADDRSTRLEN];
		uint8_t bytes[16];

		assert_int_equal(topo_addr_parse(good[i].text, &addr), good[i].fam);
		assert_int_equal(addr.prefix, good[i].prefix);
		assert_true(addr.set);
		/* and back again, by the C library's eyes */
		topo_addr_text(good[i].fam, &addr, text);
		assert_int_equal(inet_pton(topo_af(good[i].fam), text, bytes), 1);
		assert_memory_equal(bytes, addr.bytes, topo_addr_len(good[i].fam));
		assert_memory_equal(text, good[i].text, strlen(text));
	}
}

static void test_topo_addr_parse_refuses_the_rest(void **state)
{
	static const char *const bad[] = {
		"",
		"10.0.0.1",
		"/24",
		"10.0.0.1/",
		"10.0.0.1/0",
		"10.0.0.1/32",
		"10.0.0.1/33",
		"10.0.0.1/-1",
		"10.0.0.1/+24",
		"10.0.0.1/ 24",
		"10.0.0.1/24 ",
		"10.0.0/24",
		"10.0.0.256/24",
		"10.0.0.1/24/24",
		"fd00::1/0",
		"fd00::1/128",
		"fd00::1/129",
		"fd00:::1/64",
		"fd00::1%eth0/64",
		"host/24",
		"10.0.0.1/18446744073709551640",
		"10.0.0.1/4294967320",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/64",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct topo_addr addr = { .prefix = 99 };

		if (topo_addr_parse(bad[i], &addr) != -1)
			fail_msg("took '%s'", bad[i]);
		assert_int_equal(addr.prefix, 99); /* untouched */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_topology_names_interfaces_in_order_of_links),
		cmocka_unit_test(test_topology_forwards_where_there_is_more_than_one_link),
		cmocka_unit_test(test_topology_chooses_a_network_for_each_link),
		cmocka_unit_test(test_topology_keeps_given_addresses_and_chooses_around_them),
		cmocka_unit_test(test_topology_chooses_the_other_end_of_a_given_address),
		cmocka_unit_test(test_topology_refuses_ends_that_do_not_fit),
		cmocka_unit_test(test_topology_takes_ends_that_just_fit),
		cmocka_unit_test(test_topology_refuses_networks_that_overlap),
		cmocka_unit_test(test_topology_refuses_a_link_to_itself),
		cmocka_unit_test(test_topology_refuses_a_host_that_no_link_reaches),
		cmocka_unit_test(test_topology_gives_parallel_links_networks_of_their_own),
		cmocka_unit_test(test_topology_owner_is_unique),
		cmocka_unit_test(test_topology_has_room_for_all_hosts_there_may_be),
		cmocka_unit_test(test_topo_addr_parse_reads_both_families),
		cmocka_unit_test(test_topo_addr_parse_refuses_the_rest),
	};

	return TEST_MAIN("topology", tests, NULL, NULL);
}
