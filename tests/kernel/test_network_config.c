// SPDX-License-Identifier: GPL-2.0-or-later
/* What a built network is made of, as the stock tools and /proc see it from inside its hosts. */
#include "tests/kernel/lab.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>

#include "netns/ns.h"
#include "netns/rt.h"
#include "netns/sysctl.h"

/* ---- helpers ---- */

/* JSON that a command prints inside a host; owned by the caller. */
static json_t *lab_json(const struct lab *lab, int host, const char *command)
{
	_cleanup_free_ char *text = lab_output(lab, host, command);
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);

	if (!json)
		INSIDE_FAIL("'%s' printed no JSON: %s", command, error.text);
	return json;
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The element whose @key is @value, or NULL. */
static const json_t *element(const json_t *array, const char *key, const char *value)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *e = json_array_get(array, i);

		if (!strcmp(text_at(e, key), value))
			return e;
	}
	return NULL;
}

static bool has_flag(const json_t *link, const char *flag)
{
	const json_t *flags = json_object_get(link, "flags");

	for (size_t i = 0; i < json_array_size(flags); i++) {
		if (!strcmp(json_string_value(json_array_get(flags, i)), flag))
			return true;
	}
	return false;
}

/* A sysctl as a file, read in the host; malloced. */
static char *proc_text(const struct lab *lab, int host, const char *path)
{
	char file[256], text[1024] = "";
	int fd;

	snprintf(file, sizeof(file), "/proc/sys/%s", path);
	lab_enter(lab, host);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	lab_enter(lab, -1);
	must(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	text[strcspn(text, "\n")] = '\0';
	for (char *p = text; *p; p++)
		*p = *p == '\t' ? ' ' : *p;
	return topo_need(strdup(text));
}

static void must_say(const struct lab *lab, int host, const char *path, const char *value)
{
	_cleanup_free_ char *text = proc_text(lab, host, path);

	if (strcmp(text, value))
		INSIDE_FAIL("%s at host %d is '%s' instead of '%s'", path, host, text, value);
}

/* ---- links ---- */

static void links_body(void *arg)
{
	struct lab lab;

	(void)arg;
	topo_make(&lab.topo, "a b c", "a-b b-c b-c");
	lab.topo.links[1].mtu = 1280;
	lab.topo.links[2].mtu = 9000;
	lab_build(&lab);
	for (int i = 0; i < 2 * lab.topo.n_links; i++) {
		const struct topo_link *link = &lab.topo.links[i / 2];
		int end = i % 2;
		json_t *links = lab_json(&lab, link->host[end], "ip -j -d link");
		const json_t *e = element(links, "ifname", link->ifname[end]);

		must(e);
		must_equal(json_integer_value(json_object_get(e, "ifindex")), link->ifindex[end]);
		must_equal(json_integer_value(json_object_get(e, "mtu")),
			   link->mtu ? link->mtu : 1500);
		must(has_flag(e, "UP") && has_flag(e, "LOWER_UP"));
		must_same(text_at(json_object_get(e, "linkinfo"), "info_kind"), "veth");
		must(element(links, "ifname", "lo"));
		json_decref(links);
	}
	lab_down(&lab);
}

static void test_network_links_are_as_asked_for(void **state)
{
	(void)state;
	if (!has_tool("ip"))
		skip();
	inside(links_body, NULL);
}

static void must_have_address(const json_t *addrs, const struct topology *topo, int i, int end,
			      int fam)
{
	const struct topo_link *link = &topo->links[i];
	const json_t *e = element(addrs, "ifname", link->ifname[end]), *info, *found;
	char text[INET6_ADDRSTRLEN];

	must(e);
	info = json_object_get(e, "addr_info");
	found = element(info, "local", topo_addr_text(fam, &link->addr[end][fam], text));
	if (!found)
		INSIDE_FAIL("%s has no %s", link->ifname[end], text);
	must_equal(json_integer_value(json_object_get(found, "prefixlen")),
		   link->addr[end][fam].prefix);
	/* these two and no other: nothing was configured behind our back */
	must_equal(json_array_size(info), 2);
	must(!json_is_true(json_object_get(found, "tentative")));
}

static void addresses_body(void *arg)
{
	struct lab lab;

	(void)arg;
	topo_make(&lab.topo, "a b c", "a-b b-c");
	topo_address(&lab.topo, 0, 0, "192.168.7.9/28");
	topo_address(&lab.topo, 1, 0, "10.9.0.0/31");
	topo_address(&lab.topo, 1, 1, "fd00:9::1/127");
	lab_build(&lab);
	for (int i = 0; i < 2 * lab.topo.n_links; i++) {
		json_t *addrs = lab_json(&lab, lab.topo.links[i / 2].host[i % 2], "ip -j addr");

		for (int fam = 0; fam < FAM_COUNT; fam++)
			must_have_address(addrs, &lab.topo, i / 2, i % 2, fam);
		json_decref(addrs);
	}
	lab_down(&lab);
}

static void test_network_addresses_are_as_asked_for(void **state)
{
	(void)state;
	if (!has_tool("ip"))
		skip();
	inside(addresses_body, NULL);
}

/* ---- neighbours ---- */

static void must_know(const struct lab *lab, int i, int end, int fam)
{
	const struct topo_link *link = &lab->topo.links[i];
	json_t *neighbours = lab_json(lab, link->host[end], "ip -j neigh show nud permanent");
	json_t *peers = lab_json(lab, link->host[!end], "ip -j link");
	char text[INET6_ADDRSTRLEN];
	const json_t *e =
		element(neighbours, "dst", topo_addr_text(fam, &link->addr[!end][fam], text));

	if (!e)
		INSIDE_FAIL("no neighbour %s", text);
	must_same(text_at(e, "dev"), link->ifname[end]);
	must_same(text_at(e, "lladdr"),
		  text_at(element(peers, "ifname", link->ifname[!end]), "address"));
	json_decref(neighbours);
	json_decref(peers);
}

static void neighbours_body(void *arg)
{
	struct lab lab;

	(void)arg;
	lab_up(&lab, "a b c", "a-b b-c a-b");
	for (int i = 0; i < 2 * FAM_COUNT * lab.topo.n_links; i++)
		must_know(&lab, i / 4, i / 2 % 2, i % 2);
	lab_down(&lab);
}

static void test_network_neighbours_are_permanent_and_right(void **state)
{
	(void)state;
	if (!has_tool("ip"))
		skip();
	inside(neighbours_body, NULL);
}

/* ---- routes ---- */

/* What the kernel would do with a packet to that address. */
static void must_route(const struct lab *lab, int from, const char *to, const char *dev,
		       const char *via)
{
	char command[128];
	json_t *routes;
	const json_t *e;

	snprintf(command, sizeof(command), "ip -j route get %s", to);
	routes = lab_json(lab, from, command);
	e = json_array_get(routes, 0);
	must_same(text_at(e, "dev"), dev);
	must_same(text_at(e, "gateway"), via);
	json_decref(routes);
}

static void routes_body(void *arg)
{
	struct lab lab;
	json_t *routes;

	(void)arg;
	lab_up(&lab, "a r1 r2 b", "a-r1 r1-r2 r2-b");
	must_route(&lab, 0, "10.0.3.2", "eth0", "10.0.1.2");
	must_route(&lab, 0, "10.0.2.1", "eth0", "10.0.1.2");
	must_route(&lab, 0, "10.0.1.2", "eth0", "");
	must_route(&lab, 0, "fd00:0:0:3::2", "eth0", "fd00:0:0:1::2");
	must_route(&lab, 1, "10.0.3.2", "eth1", "10.0.2.2");
	must_route(&lab, 2, "fd00:0:0:1::1", "eth0", "fd00:0:0:2::1");
	must_route(&lab, 3, "10.0.1.1", "eth0", "10.0.3.1");
	/* there is no default route: what is not in the lab is unreachable */
	routes = lab_json(&lab, 0, "ip -j route");
	must(!element(routes, "dst", "default"));
	must_equal(json_array_size(routes), 3);
	json_decref(routes);
	lab_down(&lab);
}

static void test_network_routes_are_those_of_the_topology(void **state)
{
	(void)state;
	if (!has_tool("ip"))
		skip();
	inside(routes_body, NULL);
}

/* ---- offloads ---- */

static void must_be_off(const char *features, const char *name)
{
	char line[80];

	snprintf(line, sizeof(line), "%s: off", name);
	if (!strstr(features, line))
		INSIDE_FAIL("%s is not off in\n%s", name, features);
}

static void offloads_body(void *arg)
{
	static const char *const names[] = {
		"tx-checksum-ip-generic",	"tx-tcp-segmentation",
		"tx-tcp6-segmentation",		"tx-tcp-ecn-segmentation",
		"tx-tcp-mangleid-segmentation", "generic-segmentation-offload",
		"generic-receive-offload"
	};
	struct network_options options = { .offload = true };
	struct lab_err err = { 0 };
	struct lab lab;
	_cleanup_free_ char *on = NULL;

	(void)arg;
	lab_default(&lab);
	for (int i = 0; i < 2 * lab.topo.n_links; i++) {
		const struct topo_link *link = &lab.topo.links[i / 2];
		_cleanup_free_ char *text = NULL;
		char command[64];

		snprintf(command, sizeof(command), "ethtool -k %s", link->ifname[i % 2]);
		text = lab_output(&lab, link->host[i % 2], command);
		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			must_be_off(text, names[k]);
	}
	lab_down(&lab);
	/* and on where the option asks for it, or the check above would prove nothing */
	topo_ready(&lab.topo, "a b", "a-b");
	must_work(network_build(&lab.topo, &options, &lab.net, &err), &err);
	on = lab_output(&lab, 0, "ethtool -k eth0");
	must(strstr(on, "tx-tcp-segmentation: on"));
	must(strstr(on, "tx-checksum-ip-generic: on"));
	lab_down(&lab);
}

static void test_network_offloads_are_off(void **state)
{
	(void)state;
	if (!has_tool("ethtool"))
		skip();
	inside(offloads_body, NULL);
}

/* ---- sysctls ---- */

static bool is_missing(const struct network *net, const char *key)
{
	for (int i = 0; network_missing(net, i); i++) {
		if (!strcmp(network_missing(net, i), key))
			return true;
	}
	return false;
}

static void pinned_body(void *arg)
{
	const struct sysctl_pin *pin;
	int missing = 0, present = 0;
	struct lab lab;

	(void)arg;
	lab_default(&lab);
	for (int i = 0; (pin = sysctl_pin_at(i)); i++) {
		char path[160], file[200];
		bool there;

		must_equal(sysctl_path(pin->key, path, sizeof(path)), 0);
		snprintf(file, sizeof(file), "/proc/sys/%s", path);
		lab_enter(&lab, SERVER);
		there = !access(file, F_OK);
		lab_enter(&lab, -1);
		must_equal(is_missing(lab.net, pin->key), !there);
		missing += !there;
		present += there;
		for (int host = 0; there && host < 3; host++)
			must_say(&lab, host, path, pin->value);
	}
	must(present > 30);
	for (int i = 0; i < missing; i++)
		must(network_missing(lab.net, i));
	must(!network_missing(lab.net, missing));
	lab_down(&lab);
}

static void test_network_pins_sysctls_in_every_host(void **state)
{
	(void)state;
	inside(pinned_body, NULL);
}

static void forwarding_body(void *arg)
{
	struct lab lab;

	(void)arg;
	lab_default(&lab);
	for (int host = 0; host < 3; host++) {
		const char *want = host == FW ? "1" : "0";

		must_say(&lab, host, "net/ipv4/ip_forward", want);
		must_say(&lab, host, "net/ipv6/conf/all/forwarding", want);
		/* what counts is the interface's own */
		must_say(&lab, host, "net/ipv4/conf/eth0/forwarding", want);
		must_say(&lab, host, "net/ipv6/conf/eth0/forwarding", want);
		must_say(&lab, host, "net/ipv6/conf/eth0/accept_dad", "0");
		must_say(&lab, host, "net/ipv6/conf/eth0/accept_ra", "0");
		must_say(&lab, host, "net/ipv4/conf/eth0/rp_filter", "0");
	}
	lab_down(&lab);
}

static void test_network_routers_forward_and_hosts_do_not(void **state)
{
	(void)state;
	inside(forwarding_body, NULL);
}

static void own_sysctls_body(void *arg)
{
	struct lab lab;

	(void)arg;
	topo_make(&lab.topo, "client fw server", "client-fw fw-server");
	topo_sysctl(&lab.topo, SERVER, "net.ipv4.tcp_retries2", "5");
	topo_sysctl(&lab.topo, SERVER, "net.ipv4.tcp_rmem", "4096 20000 30000");
	/* reaches interfaces that are made later */
	topo_sysctl(&lab.topo, SERVER, "net.ipv6.conf.default.hop_limit", "33");
	/* names an interface that is made later */
	topo_sysctl(&lab.topo, FW, "net.ipv4.conf.eth1.rp_filter", "2");
	topo_sysctl(&lab.topo, FW, "net/ipv4/conf/eth0/rp_filter", "1");
	/* the scenario's word is stronger than forward: */
	topo_sysctl(&lab.topo, FW, "net.ipv4.ip_forward", "0");
	lab_build(&lab);
	must_say(&lab, SERVER, "net/ipv4/tcp_retries2", "5");
	must_say(&lab, CLIENT, "net/ipv4/tcp_retries2", "15");
	must_say(&lab, SERVER, "net/ipv4/tcp_rmem", "4096 20000 30000");
	must_say(&lab, SERVER, "net/ipv6/conf/eth0/hop_limit", "33");
	must_say(&lab, FW, "net/ipv4/conf/eth1/rp_filter", "2");
	must_say(&lab, FW, "net/ipv4/conf/eth0/rp_filter", "1");
	must_say(&lab, FW, "net/ipv4/ip_forward", "0");
	lab_down(&lab);
}

static void test_network_host_has_its_own_sysctls(void **state)
{
	(void)state;
	inside(own_sysctls_body, NULL);
}

static void set_body(void *arg)
{
	struct lab_err err = { 0 };
	struct stat home, now;
	struct lab lab;

	(void)arg;
	lab_default(&lab);
	must(stat("/proc/self/ns/net", &home) == 0);
	must_work(network_sysctl_set(lab.net, SERVER, "net.ipv4.tcp_fin_timeout", "7", &err), &err);
	must_say(&lab, SERVER, "net/ipv4/tcp_fin_timeout", "7");
	must_say(&lab, CLIENT, "net/ipv4/tcp_fin_timeout", "60");
	must_equal(network_sysctl_set(lab.net, SERVER, "net.ipv4.no_such_key", "7", &err), -ENOENT);
	must(strstr(err.msg, "no_such_key"));
	must_equal(network_sysctl_set(lab.net, SERVER, "net.ipv4.tcp_fin_timeout", "x", &err),
		   -EINVAL);
	must_equal(network_sysctl_set(lab.net, SERVER, "kernel.hostname", "x", &err), -EINVAL);
	must_equal(network_sysctl_set(lab.net, SERVER, "net.ipv4.../kernel.hostname", "x", &err),
		   -EINVAL);
	/* back home after failures, too */
	must(stat("/proc/self/ns/net", &now) == 0);
	must_equal(now.st_ino, home.st_ino);
	lab_down(&lab);
}

static void test_network_sysctl_set_reaches_one_host(void **state)
{
	(void)state;
	inside(set_body, NULL);
}

static void unpinned_body(void *arg)
{
	struct network_options options = { .unpinned = true };
	struct lab_err err = { 0 };
	struct lab lab;

	(void)arg;
	topo_ready(&lab.topo, "client fw server", "client-fw fw-server");
	topo_sysctl(&lab.topo, SERVER, "net.ipv4.tcp_retries2", "5");
	must_work(network_build(&lab.topo, &options, &lab.net, &err), &err);
	/* not written by us: a new namespace's own, which is not the pinned one */
	must_say(&lab, CLIENT, "net/ipv4/icmp_ratelimit", "1000");
	must_say(&lab, CLIENT, "net/ipv4/tcp_no_metrics_save", "0");
	must_say(&lab, SERVER, "net/ipv4/tcp_retries2", "5");
	must_say(&lab, FW, "net/ipv4/ip_forward", "1");
	lab_down(&lab);
}

static void test_network_unpinned_keeps_the_kernels_own(void **state)
{
	(void)state;
	inside(unpinned_body, NULL);
}

static void missing_body(void *arg)
{
	struct lab_err err = { 0 };
	struct network *net = NULL;
	struct topology topo;

	(void)arg;
	topo_ready(&topo, "client fw server", "client-fw fw-server");
	topo_sysctl(&topo, SERVER, "net.ipv4.tcp_no_such_thing", "1");
	must_equal(network_build(&topo, NULL, &net, &err), -ENOENT);
	must(!net);
	must_equal(err.code, ENOENT);
	must(strstr(err.msg, "net.ipv4.tcp_no_such_thing"));
	must(strstr(err.msg, "server"));
	topology_free(&topo);
}

static void test_network_missing_sysctl_is_enoent(void **state)
{
	(void)state;
	inside(missing_body, NULL);
}

/* ---- names ---- */

/* In a child: join a host and look the names up as any program would. */
static void names_child(const struct lab *lab, int host)
{
	struct lab_err err = { 0 };
	_cleanup_free_ char *found = NULL, *want = NULL;
	char text[INET6_ADDRSTRLEN];

	must_work(network_host_join(lab->net, host, 3, NULL, &err), &err);
	for (int i = 0; i < 2 * lab->topo.n_hosts; i++) {
		int to = i / 2, fam = i % 2;
		char command[96];

		snprintf(command, sizeof(command), "getent %s %s | head -1 | cut -d' ' -f1",
			 fam == FAM6 ? "ahostsv6" : "ahostsv4", lab->topo.hosts[to].name);
		free(found);
		found = output_of(command);
		found[strcspn(found, "\n")] = '\0';
		must_same(found,
			  topo_addr_text(fam, topology_addr(&lab->topo, host, to, fam), text));
	}
	free(found);
	found = output_of("cat /etc/hosts");
	want = network_hosts_file(&lab->topo, host, 3);
	must_same(found, want);
	/* in the host's network, and nothing of the machinery is left to be seen */
	free(found);
	found = output_of(
		"ls -A /mnt; grep -c ' /mnt ' /proc/mounts || true; cat /proc/net/dev | grep -c eth");
	must(strlen(found) >= 4);
	must(!strstr(found, "hosts"));
}

static void names_body(void *arg)
{
	_cleanup_free_ char *before = output_of("cat /etc/hosts /proc/self/mountinfo"),
			    *after = NULL;
	struct lab lab;

	(void)arg;
	lab_up(&lab, "client fw server", "client-fw fw-server");
	for (int host = 0; host < 3; host++) {
		int status;
		pid_t pid;

		fflush(NULL);
		pid = fork();
		must(pid >= 0);
		if (!pid) {
			inside_bound(20);
			names_child(&lab, host);
			_exit(0);
		}
		must(waitpid(pid, &status, 0) == pid);
		must_equal(status, 0);
	}
	after = output_of("cat /etc/hosts /proc/self/mountinfo");
	must_same(after, before);
	lab_down(&lab);
}

static void test_network_host_join_knows_the_names(void **state)
{
	(void)state;
	if (!has_tool("getent"))
		skip();
	inside(names_body, NULL);
}

/* fw is 10.0.1.2 for the client and 10.0.2.1 for the server */
static void test_network_hosts_file_has_the_nearest_address(void **state)
{
	struct topology topo;
	char *client, *server;

	(void)state;
	topo_ready(&topo, "client fw server", "client-fw fw-server");
	client = network_hosts_file(&topo, CLIENT, 3);
	server = network_hosts_file(&topo, SERVER, 3);
	assert_non_null(strstr(client, "\n10.0.1.2 fw\n"));
	assert_null(strstr(client, "10.0.2.1"));
	assert_non_null(strstr(client, "\n10.0.2.2 server\n"));
	assert_non_null(strstr(client, "\n10.0.1.1 client\n"));
	assert_non_null(strstr(server, "\n10.0.2.1 fw\n"));
	assert_non_null(strstr(server, "\nfd00:0:0:2::1 fw\n"));
	assert_non_null(strstr(server, "\nfd00:0:0:1::1 client\n"));
	assert_int_equal(strncmp(client, "127.0.0.1 localhost\n", 20), 0);
	free(client);
	free(server);
	topology_free(&topo);
}

/* ---- the kernel's words ---- */

static void extack_body(void *arg)
{
	const uint8_t nowhere[4] = { 203, 0, 113, 1 }, dst[4] = { 198, 51, 100, 0 };
	struct lab_err err = { 0 };
	struct rt_place place;
	struct rt *rt = NULL;
	struct lab lab;
	char text[1100];

	(void)arg;
	lab_default(&lab);
	lab_enter(&lab, CLIENT);
	place = (struct rt_place){ network_ns(lab.net, CLIENT), network_ns(lab.net, CLIENT) };
	must_work(rt_open(&rt, &err), &err);
	/* a router that is on none of our networks */
	must_equal(rt_route_add(rt, AF_INET, dst, 24, nowhere, 2, &err), -ENETUNREACH);
	must_same(err.extack, "Nexthop has invalid gateway");
	must(strstr(err.msg, "198.51.100.0/24 via 203.0.113.1"));
	must(strstr(lab_err_text(&err, text, sizeof(text)), "invalid gateway"));
	/* an address that is there already */
	must_equal(rt_addr_add(rt, 2, AF_INET, lab.topo.links[0].addr[0][FAM4].bytes, 24, &err),
		   -EEXIST);
	must(strstr(err.msg, "10.0.1.1/24"));
	must_equal(rt_addr_add(rt, 4711, AF_INET, nowhere, 24, &err), -ENODEV);
	must_equal(rt_link_set(rt, 4711, 1, &err), -ENODEV);
	/* after all the failures the socket is still in step */
	must_work(rt_link_set(rt, 2, 1, &err), &err);
	must_work(rt_link_wait(rt, 2, &place, &err), &err);
	rt_close(rt);
	lab_enter(&lab, -1);
	lab_down(&lab);
}

static void test_network_errors_have_the_kernels_words(void **state)
{
	(void)state;
	inside(extack_body, NULL);
}

/* An interface that cannot come up: its other end is down. */
static void wait_body(void *arg)
{
	struct rt_place place;
	struct lab_err err = { 0 };
	struct rt *rt = NULL;
	struct lab lab;
	int64_t begun;

	(void)arg;
	lab_default(&lab);
	lab_enter(&lab, FW);
	must_work(rt_open(&rt, &err), &err);
	must_work(rt_link_set(rt, lab.topo.links[0].ifindex[1], 0, &err), &err);
	rt_close(rt);
	lab_enter(&lab, CLIENT);
	must_work(rt_open(&rt, &err), &err);
	lab_enter(&lab, -1);
	place = (struct rt_place){ network_ns(lab.net, CLIENT), ns_current(&err) };
	begun = now_ms();
	must_equal(rt_link_wait(rt, 2, &place, &err), -ETIMEDOUT);
	must(strstr(err.msg, "interface 2"));
	must(now_ms() - begun < 60000);
	rt_close(rt);
	close(place.home_fd);
	lab_down(&lab);
}

static void test_rt_link_wait_ends_when_the_link_stays_down(void **state)
{
	(void)state;
	inside(wait_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_network_links_are_as_asked_for),
		cmocka_unit_test(test_network_addresses_are_as_asked_for),
		cmocka_unit_test(test_network_neighbours_are_permanent_and_right),
		cmocka_unit_test(test_network_routes_are_those_of_the_topology),
		cmocka_unit_test(test_network_offloads_are_off),
		cmocka_unit_test(test_network_pins_sysctls_in_every_host),
		cmocka_unit_test(test_network_routers_forward_and_hosts_do_not),
		cmocka_unit_test(test_network_host_has_its_own_sysctls),
		cmocka_unit_test(test_network_sysctl_set_reaches_one_host),
		cmocka_unit_test(test_network_unpinned_keeps_the_kernels_own),
		cmocka_unit_test(test_network_missing_sysctl_is_enoent),
		cmocka_unit_test(test_network_host_join_knows_the_names),
		cmocka_unit_test(test_network_hosts_file_has_the_nearest_address),
		cmocka_unit_test(test_network_errors_have_the_kernels_words),
		cmocka_unit_test(test_rt_link_wait_ends_when_the_link_stays_down),
	};

	return TEST_MAIN("network config", tests, NULL, NULL);
}
