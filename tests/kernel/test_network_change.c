// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A network that changes: links go down and up, MTUs change, hosts reboot, neighbours fall silent. What
 * comes back is compared with what was built, as ip, ethtool and /proc/sys tell it.
 */
#include "tests/kernel/lab.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>

enum { MAX_STATE_HOSTS = 8, CHANGES = 150 };

/* All that a host was given, by few processes: what may differ from one run to the next is cut out. */
static const char state_command[] =
	"(printf '%s\\n' 'addr show' 'route show table all' 'neigh show' 'link show' 'maddr show' | ip -o -batch -;"
	" i=0; while ethtool -k eth$i 2>/dev/null; do i=$((i + 1)); done;"
	" grep -rs . /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf /proc/sys/net/ipv4/tcp_retries2"
	"   /proc/sys/net/ipv4/ip_forward) 2>&1 |"
	" sed 's/ link-netnsid [0-9]*//; s/ qlen [0-9]*//' | sort";

struct states {
	char *of[MAX_STATE_HOSTS];
};

static struct states states_read(const struct lab *lab)
{
	struct states s = { 0 };

	for (int h = 0; h < lab->topo.n_hosts; h++)
		s.of[h] = lab_output(lab, h, state_command);
	return s;
}

static void states_free(struct states *s)
{
	for (int h = 0; h < MAX_STATE_HOSTS; h++)
		free(s->of[h]);
}

/* The first line that differs, with the other text's. */
static void must_same_text(const char *host, const char *now, const char *built)
{
	if (!strcmp(now, built))
		return;
	while (*now && *built) {
		size_t n = strcspn(now, "\n"), b = strcspn(built, "\n");

		if (n != b || memcmp(now, built, n))
			break;
		now += n + !!now[n];
		built += b + !!built[b];
	}
	INSIDE_FAIL("%s is not as it was built:\nnow   %.*s\nbuilt %.*s", host,
		    (int)strcspn(now, "\n"), now, (int)strcspn(built, "\n"), built);
}

static void must_be_as_built(const struct lab *lab, const struct states *built)
{
	struct states now = states_read(lab);

	for (int h = 0; h < lab->topo.n_hosts; h++)
		must_same_text(lab->topo.hosts[h].name, now.of[h], built->of[h]);
	states_free(&now);
}

static void must_get_ready(const struct lab *lab)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int64_t until = now_ms() + LAB_WAIT_MS;
	struct lab_err err = { 0 };

	for (int i = 0; i < lab->topo.n_links; i++) {
		int ready;

		while ((ready = network_link_ready(lab->net, i, &err)) == 0 && now_ms() < until)
			nanosleep(&pause, NULL);
		if (ready != 1)
			INSIDE_FAIL("link %d: %d %s", i, ready, err.msg);
	}
}

/* A line of an output has these words. */
static void must_say(const struct lab *lab, int host, const char *command, const char *words,
		     bool says)
{
	char *text = lab_output(lab, host, command);

	if (!!strstr(text, words) != says)
		INSIDE_FAIL("'%s' at %s says '%s': %s", command, lab->topo.hosts[host].name, words,
			    text);
	free(text);
}

/* Four in a row, and interfaces that the scenario has wishes for. */
static void row_up(struct lab *lab)
{
	static struct topo_sysctl wishes[] = {
		{ (char *)"net.ipv4.conf.eth0.log_martians", (char *)"1" },
		{ (char *)"net.ipv6.conf.eth1.hop_limit", (char *)"33" },
		{ (char *)"net.ipv4.tcp_retries2", (char *)"7" },
	};
	struct topo_host *fw;

	topo_make(&lab->topo, "client fw server far", "client-fw fw-server server-far");
	fw = &lab->topo.hosts[FW];
	fw->sysctls = topo_need(calloc(3, sizeof(*fw->sysctls)));
	for (int i = 0; i < 3; i++)
		fw->sysctls[i] =
			(struct topo_sysctl){ strdup(wishes[i].key), strdup(wishes[i].value) };
	fw->n_sysctls = 3;
	lab_build(lab);
}

/* ---- down and up ---- */

static void flap_body(void *arg)
{
	const int fam = *(int *)arg;
	struct lab_err err = { 0 };
	struct states built;
	struct lab lab;
	struct pair pair;

	row_up(&lab);
	built = states_read(&lab);
	pair = lab_pair(&lab, fam);
	for (int i = 0; i < 6; i++) {
		const struct topo_link *link = &lab.topo.links[i / 2];
		int host = link->host[i % 2], other = link->host[!(i % 2)];
		char carrier[64];

		must_work(network_link_down(lab.net, i / 2, i % 2, &err), &err);
		must_equal(network_link_down(lab.net, i / 2, !(i % 2), &err), -EALREADY);
		must(strstr(err.msg, "it is down"));
		must_say(&lab, host, "ip link", "state DOWN", true);
		snprintf(carrier, sizeof(carrier), "ip link show %s", link->ifname[!(i % 2)]);
		must_say(&lab, other, carrier, "LOWER_UP", false);
		must_say(&lab, host, "ip route", link->ifname[i % 2], false);
		must_say(&lab, host, "ip -6 route", link->ifname[i % 2], false);
		must_get_ready(&lab);
		must_say(&lab, other, carrier, "NO-CARRIER", true);
		must_work(network_link_up(lab.net, i / 2, &err), &err);
		must_equal(network_link_up(lab.net, i / 2, &err), -EALREADY);
		must_get_ready(&lab);
		/* at once: what is lost now comes only after a timeout */
		must_pass(pair.client, pair.server, "there");
		must_pass(pair.server, pair.client, "back");
		must_be_as_built(&lab, &built);
	}
	pair_close(&pair);
	states_free(&built);
	lab_down(&lab);
}

static void test_link_comes_back_as_it_was(void **state)
{
	const int fams[] = { FAM4, FAM6 };

	(void)state;
	if (!has_tool("ip"))
		skip();
	inside_each(flap_body, fams, sizeof(fams[0]), 2);
}

/* ---- MTU ---- */

static void mtu_body(void *arg)
{
	struct lab_err err = { 0 };
	struct states built;
	struct lab lab;

	(void)arg;
	row_up(&lab);
	built = states_read(&lab);
	must_work(network_link_mtu(lab.net, 1, 1280, &err), &err);
	must_say(&lab, FW, "ip link show eth1", "mtu 1280", true);
	must_say(&lab, SERVER, "ip link show eth0", "mtu 1280", true);
	must_say(&lab, FW, "ip link show eth0", "mtu 1500", true);
	must_say(&lab, FW, "ip -6 addr show eth1", "fd00:0:0:2::1", true);
	/* below 1280 there is no IPv6, as when it is built so */
	must_work(network_link_mtu(lab.net, 1, 576, &err), &err);
	must_say(&lab, FW, "ip -6 addr show eth1", "fd00:0:0:2::1", false);
	must_equal(network_link_mtu(lab.net, 1, 67, &err), -EINVAL);
	must(strstr(err.msg, "fw -- server") && strstr(err.msg, "67"));
	must_equal(network_link_mtu(lab.net, 1, 65536, &err), -EINVAL);
	/* while another link is down, whose routes cannot be there */
	must_work(network_link_down(lab.net, 0, 0, &err), &err);
	must_work(network_link_mtu(lab.net, 1, 1500, &err), &err);
	must_work(network_link_up(lab.net, 0, &err), &err);
	must_get_ready(&lab);
	must_be_as_built(&lab, &built);
	states_free(&built);
	lab_down(&lab);
}

static void test_link_mtu_takes_ipv6_and_gives_it_back(void **state)
{
	(void)state;
	if (!has_tool("ip"))
		skip();
	inside(mtu_body, NULL);
}

/* ---- reboot ---- */

/* All frames that come in at a host, from now on. */
static int tap_open(const struct lab *lab, int host)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = lab_socket(lab, host, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	must(bind(fd, (struct sockaddr *)&all, sizeof(all)) == 0);
	return fd;
}

/**
 * struct tally - frames of a kind
 * @tcp: IPv4 and IPv6; @arp: requests, @arp_replies; @ns, @na: neighbour solicitations, advertisements
 */
struct tally {
	int tcp, arp, arp_replies, ns, na;
};

static struct tally tap_count(int fd, bool out)
{
	struct tally t = { 0 };
	uint8_t buf[2048];

	for (;;) {
		struct sockaddr_ll from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);

		if (n < 0)
			break;
		if ((from.sll_pkttype == PACKET_OUTGOING) != out)
			continue;
		if (from.sll_protocol == htons(ETH_P_ARP)) {
			t.arp += buf[7] == 1;
			t.arp_replies += buf[7] == 2;
		} else if (from.sll_protocol == htons(ETH_P_IP)) {
			t.tcp += buf[9] == IPPROTO_TCP;
		} else if (from.sll_protocol == htons(ETH_P_IPV6)) {
			t.tcp += buf[6] == IPPROTO_TCP;
			t.ns += buf[6] == IPPROTO_ICMPV6 && buf[40] == 135;
			t.na += buf[6] == IPPROTO_ICMPV6 && buf[40] == 136;
		}
	}
	return t;
}

static void reboot_body(void *arg)
{
	const int fam = *(int *)arg;
	struct lab_err err = { 0 };
	struct states built;
	struct lab lab;
	struct pair pair;
	int tap, waiting;
	char buf[8];

	row_up(&lab);
	built = states_read(&lab);
	pair = lab_pair(&lab, fam);
	waiting = lab_connect(&lab, CLIENT, SERVER, fam, LAB_PORT); /* never accepted */
	must_equal(connect_result(waiting, LAB_WAIT_MS), 0);
	tap = tap_open(&lab, FW);
	must_work(network_sysctl_set(lab.net, SERVER, "net.ipv4.tcp_retries2", "3", &err), &err);
	must_work(network_reboot(lab.net, SERVER, &err), &err);
	must_say(&lab, SERVER, "ip link", "eth0", true);
	must_say(&lab, SERVER, "ip link", "state UP", false);
	/* the old sockets live and reach nobody; closing them says nothing */
	must_equal(send(pair.server, "lost", 4, MSG_NOSIGNAL), 4);
	must(close(pair.server) == 0);
	must(close(pair.listener) == 0);
	pair.server = pair.listener = -1;
	must_work(network_host_up(lab.net, SERVER, &err), &err);
	must_get_ready(&lab);
	must_equal(tap_count(tap, false).tcp, 0);
	must_be_as_built(&lab, &built);
	/* who goes on talking hears from a host that knows nothing */
	must_equal(send(pair.client, "x", 1, MSG_NOSIGNAL), 1);
	must(ready_within(pair.client, POLLIN, LAB_WAIT_MS));
	must_equal(recv(pair.client, buf, sizeof(buf), 0), -1);
	must_equal(errno, ECONNRESET);
	must_equal(tap_count(tap, false).tcp, 2); /* that, and its RST */
	close(tap);
	close(waiting);
	pair_close(&pair);
	/* and new connections are as the first one was */
	pair = lab_pair(&lab, fam);
	must_pass(pair.client, pair.server, "anew");
	pair_close(&pair);
	states_free(&built);
	lab_down(&lab);
}

static void test_host_reboots_without_a_word(void **state)
{
	const int fams[] = { FAM4, FAM6 };

	(void)state;
	if (!has_tool("ip"))
		skip();
	inside_each(reboot_body, fams, sizeof(fams[0]), 2);
}

/* Ends of its own that were lowered come up with it, those of others do not. */
static void reboot_lowered_body(void *arg)
{
	struct lab_err err = { 0 };
	struct states built;
	struct lab lab;

	(void)arg;
	row_up(&lab);
	built = states_read(&lab);
	must_work(network_link_down(lab.net, 0, 1, &err), &err);
	must_work(network_link_down(lab.net, 1, 1, &err), &err);
	must_work(network_reboot(lab.net, FW, &err), &err);
	must_work(network_host_up(lab.net, FW, &err), &err);
	must_get_ready(&lab);
	must_equal(network_link_up(lab.net, 0, &err), -EALREADY);
	must_say(&lab, SERVER, "ip link show eth0", "state DOWN", true);
	must_work(network_link_up(lab.net, 1, &err), &err);
	must_get_ready(&lab);
	must_be_as_built(&lab, &built);
	states_free(&built);
	lab_down(&lab);
}

static void test_host_that_reboots_raises_its_own_ends(void **state)
{
	(void)state;
	if (!has_tool("ip"))
		skip();
	inside(reboot_lowered_body, NULL);
}

/* ---- silence ---- */

static void silent_body(void *arg)
{
	const int fam = *(int *)arg;
	struct lab_err err = { 0 };
	struct states built;
	struct tally asked, answered;
	struct lab lab;
	int at_client, at_fw, fd;

	row_up(&lab);
	built = states_read(&lab);
	must_equal(network_neighbour_silent(lab.net, SERVER, CLIENT, &err), -ENODEV);
	must(strstr(err.msg, "no link joins them"));
	must_work(network_sysctl_set(lab.net, CLIENT,
				     fam == FAM6 ? "net.ipv6.neigh.eth0.retrans_time_ms" :
						   "net.ipv4.neigh.eth0.retrans_time_ms",
				     "50", &err),
		  &err);
	must_work(network_neighbour_silent(lab.net, FW, CLIENT, &err), &err);
	must_work(network_neighbour_silent(lab.net, FW, CLIENT, &err), &err); /* is so already */
	at_client = tap_open(&lab, CLIENT);
	at_fw = tap_open(&lab, FW);
	fd = lab_connect(&lab, CLIENT, SERVER, fam, LAB_PORT);
	must_equal(connect_result(fd, LAB_WAIT_MS), EHOSTUNREACH);
	close(fd);
	/* it is looked for three times on the wire, and the other hears it, and says nothing */
	asked = tap_count(at_client, true);
	must_equal(fam == FAM6 ? asked.ns : asked.arp, 3);
	must_equal(asked.tcp, 0);
	asked = tap_count(at_fw, false);
	must_equal(fam == FAM6 ? asked.ns : asked.arp, 3);
	answered = tap_count(at_client, false);
	must_equal(answered.na + answered.arp_replies, 0);
	/* the other links do not know of it, and it can speak itself */
	fd = lab_connect(&lab, FW, CLIENT, fam, LAB_PORT);
	must_equal(lab_connect(&lab, 3, FW, fam, LAB_PORT) >= 0, true);
	must(ready_within(at_client, POLLIN, LAB_WAIT_MS));
	must_equal(tap_count(at_client, false).tcp, 1);
	close(fd);
	/* also with a link that was down meanwhile, at either end */
	for (int e = 0; e < 2; e++) {
		must_work(network_link_down(lab.net, 0, e, &err), &err);
		must_work(network_link_up(lab.net, 0, &err), &err);
		must_get_ready(&lab);
		fd = lab_connect(&lab, CLIENT, SERVER, fam, LAB_PORT);
		must_equal(connect_result(fd, LAB_WAIT_MS), EHOSTUNREACH);
		close(fd);
	}
	must_work(network_reboot(lab.net, FW, &err), &err);
	must_work(network_host_up(lab.net, FW, &err), &err);
	must_work(network_reboot(lab.net, CLIENT, &err), &err);
	must_work(network_host_up(lab.net, CLIENT, &err), &err);
	must_get_ready(&lab);
	must_be_as_built(&lab, &built);
	close(at_client);
	close(at_fw);
	states_free(&built);
	lab_down(&lab);
}

static void test_neighbour_is_silent(void **state)
{
	const int fams[] = { FAM4, FAM6 };

	(void)state;
	if (!has_tool("ip"))
		skip();
	inside_each(silent_body, fams, sizeof(fams[0]), 2);
}

/* ---- all of it, in any order ---- */

static uint32_t dice(uint32_t *state, uint32_t sides)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 8) % sides;
}

static void any_change(struct lab *lab, uint32_t *seed, int down[])
{
	static const uint32_t mtus[] = { 1500, 1280, 576, 1400, 9000 };
	struct lab_err err = { 0 };
	int link = (int)dice(seed, (uint32_t)lab->topo.n_links), end = (int)dice(seed, 2);
	int host = lab->topo.links[link].host[end];

	switch (dice(seed, 5)) {
	case 0:
		must_equal(network_link_down(lab->net, link, end, &err),
			   down[link] < 0 ? 0 : -EALREADY);
		down[link] = down[link] < 0 ? end : down[link];
		break;
	case 1:
		must_equal(network_link_up(lab->net, link, &err), down[link] < 0 ? -EALREADY : 0);
		down[link] = -1;
		break;
	case 2:
		must_work(network_link_mtu(lab->net, link, mtus[dice(seed, 5)], &err), &err);
		break;
	case 3:
		must_work(network_neighbour_silent(lab->net, host, lab->topo.links[link].host[!end],
						   &err),
			  &err);
		break;
	default:
		must_work(network_reboot(lab->net, host, &err), &err);
		must_work(network_host_up(lab->net, host, &err), &err);
		for (int i = 0; i < lab->topo.n_links; i++) {
			if (down[i] >= 0 && lab->topo.links[i].host[down[i]] == host)
				down[i] = -1;
		}
	}
}

static void any_body(void *arg)
{
	uint32_t seed = *(uint32_t *)arg;
	int down[MAX_STATE_HOSTS];
	struct lab_err err = { 0 };
	struct states built;
	struct lab lab;

	row_up(&lab);
	built = states_read(&lab);
	for (int i = 0; i < MAX_STATE_HOSTS; i++)
		down[i] = -1;
	for (int i = 0; i < CHANGES; i++) {
		any_change(&lab, &seed, down);
		if (i % 10)
			continue;
		must_get_ready(&lab);
	}
	for (int i = 0; i < lab.topo.n_links; i++) {
		if (down[i] >= 0)
			must_work(network_link_up(lab.net, i, &err), &err);
		must_work(network_link_mtu(lab.net, i, 1500, &err), &err);
	}
	for (int h = 0; h < lab.topo.n_hosts; h++) {
		must_work(network_reboot(lab.net, h, &err), &err);
		must_work(network_host_up(lab.net, h, &err), &err);
	}
	must_get_ready(&lab);
	must_be_as_built(&lab, &built);
	states_free(&built);
	lab_down(&lab);
}

static void test_changes_in_any_order(void **state)
{
	const uint32_t seeds[] = { 1, 2, 3, 4 };

	(void)state;
	if (!has_tool("ip"))
		skip();
	inside_each(any_body, seeds, sizeof(seeds[0]), (int)ARRAY_SIZE(seeds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_comes_back_as_it_was),
		cmocka_unit_test(test_link_mtu_takes_ipv6_and_gives_it_back),
		cmocka_unit_test(test_host_reboots_without_a_word),
		cmocka_unit_test(test_host_that_reboots_raises_its_own_ends),
		cmocka_unit_test(test_neighbour_is_silent),
		cmocka_unit_test(test_changes_in_any_order),
	};

	return TEST_MAIN("network change", tests, NULL, NULL);
}
