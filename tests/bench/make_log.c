// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * make_log N [nobytes] - a log with N packet records on stdout, as a bulk transfer over client -- fw --
 * server would write it: each packet is seen leaving, twice at fw, and arriving; every second data
 * segment is acknowledged. It is written by what writes real logs, and is the same each time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/event.h"
#include "netns/cleanup.h"

enum { CLIENT, FW, SERVER };
enum { HEADERS = 52, SEGMENT = 1448, STEP_NS = 3000, HOP_NS = 9000 };

#define S(text) ((char *)(text))

/**
 * struct transfer - how far it is
 * @left: records that may still be written
 * @sent: bytes of the client's stream; @acked: of it, by the server
 */
struct transfer {
	bool bytes;
	int64_t t_ns;
	long left;
	uint32_t sent, acked;
	uint16_t id[2];
};

static int event_print(const struct event *event)
{
	size_t len;
	_cleanup_free_ char *line = event_write(event, &len);

	if (!line)
		return -ENOMEM;
	return fwrite(line, 1, len, stdout) == len ? 0 : -EIO;
}

static int begin_print(void)
{
	static char *hosts[] = { S("client"), S("fw"), S("server") };
	static struct event_link_info links[] = {
		{ { CLIENT, FW },
		  { S("eth0"), S("eth0") },
		  { S("10.0.1.1"), S("10.0.1.2") },
		  { S(""), S("") },
		  { S(""), S("") } },
		{ { FW, SERVER },
		  { S("eth1"), S("eth0") },
		  { S("10.0.2.1"), S("10.0.2.2") },
		  { S(""), S("") },
		  { S(""), S("") } },
	};
	const struct event event = {
		.type = EVENT_BEGIN,
		.host = -1,
		.begin = {
			.version = EVENT_FORMAT_VERSION,
			.nslab = S("0.1.0"),
			.kernel = S("6.1.0"),
			.scenario = S("bulk"),
			.name = S("bulk"),
			.file = S("bulk.yaml"),
			.title = S("A bulk transfer"),
			.story = S(""),
			.remedy = S(""),
			.set = S(""),
			.repeat = S("nslab run bulk"),
			.shaper = S(""),
			.wall_ns = 1767225600000000000,
			.hosts = hosts,
			.n_hosts = 3,
			.links = links,
			.n_links = 2,
		},
	};

	return event_print(&event);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static uint32_t sum(const uint8_t *data, size_t n)
{
	uint32_t total = 0;

	for (size_t i = 0; i < n; i += 2)
		total += (uint32_t)data[i] << 8 | data[i + 1];
	return total;
}

static uint16_t folded(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

/* A TCP packet of IPv4 with a timestamp option; its payload is zeros. Returns how much of it is kept. */
static int packet_build(uint8_t *at, const struct transfer *t, bool ack, uint32_t payload,
			uint8_t ttl)
{
	static const uint8_t ends[2][4] = { { 10, 0, 1, 1 }, { 10, 0, 2, 2 } };
	uint32_t tcp_len = HEADERS - 20 + payload;
	uint8_t *tcp = at + 20;

	memset(at, 0, EVENT_BYTES_MOST);
	at[0] = 0x45;
	put16(at + 2, HEADERS + payload);
	put16(at + 4, t->id[ack]);
	at[6] = 0x40; /* do not fragment */
	at[8] = ttl;
	at[9] = IPPROTO_TCP;
	memcpy(at + 12, ends[ack], 4);
	memcpy(at + 16, ends[!ack], 4);
	put16(at + 10, folded(sum(at, 20)));
	put16(tcp, ack ? 8080 : 43210);
	put16(tcp + 2, ack ? 43210 : 8080);
	put32(tcp + 4, ack ? 5000 : 1000 + t->sent);
	put32(tcp + 8, ack ? 1000 + t->acked : 5000);
	tcp[12] = 8 << 4;
	tcp[13] = TCPF_ACK;
	put16(tcp + 14, 501);
	memcpy(tcp + 20, (const uint8_t[]){ 1, 1, 8, 10 }, 4);
	put32(tcp + 24, (uint32_t)(t->t_ns / 1000000));
	put32(tcp + 28, (uint32_t)(t->t_ns / 1000000));
	put16(tcp + 16, folded(sum(at + 12, 8) + IPPROTO_TCP + tcp_len + sum(tcp, 32)));
	return HEADERS + payload < EVENT_BYTES_MOST ? HEADERS + (int)payload : EVENT_BYTES_MOST;
}

/* One of the four sights of a packet. @hop: 0 leaves, 1 and 2 at fw, 3 arrives */
static int sight_print(const struct transfer *t, bool ack, uint32_t payload, int hop)
{
	static const int hosts[] = { CLIENT, FW, FW, SERVER };
	static const char *const names[] = { "eth0", "eth0", "eth1", "eth0" };
	int place = ack ? 3 - hop : hop;
	uint8_t bytes[EVENT_BYTES_MOST];
	struct event event = {
		.type = EVENT_PACKET,
		.t_ns = t->t_ns + (int64_t)hop * HOP_NS,
		.host = hosts[place],
		.packet = {
			.ifname = S(names[place]),
			.out = hop % 2 == 0,
			.made_here = hop == 0,
			.from = ack ? SERVER : CLIENT,
			.to = ack ? CLIENT : SERVER,
			.held_ns = -1,
		},
	};
	int n = packet_build(bytes, t, ack, payload, hop < 2 ? 64 : 63);

	if (packet_decode(bytes, (size_t)n, HEADERS + payload, &event.packet.packet) < 0)
		return -EINVAL;
	if (t->bytes)
		event.packet.bytes = (struct event_bytes){ bytes, n };
	return event_print(&event);
}

static int packet_print(struct transfer *t, bool ack)
{
	uint32_t payload = ack ? 0 : SEGMENT;
	int r = 0;

	if (ack)
		t->acked = t->sent;
	for (int hop = 0; hop < 4 && t->left > 0 && r == 0; hop++, t->left--)
		r = sight_print(t, ack, payload, hop);
	t->id[ack]++;
	t->sent += payload;
	t->t_ns += STEP_NS;
	return r;
}

static int end_print(const struct transfer *t)
{
	const struct event event = {
		.type = EVENT_END,
		.t_ns = t->t_ns,
		.host = -1,
		.end = { .result = RESULT_PASSED, .text = S(""), .took_ns = t->t_ns },
	};

	return event_print(&event);
}

int main(int argc, char **argv)
{
	struct transfer t = { .bytes = argc < 3 };
	int r;

	if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "nobytes") != 0)) {
		fprintf(stderr, "usage: make_log N [nobytes]\n");
		return 2;
	}
	t.left = strtol(argv[1], NULL, 10);
	r = begin_print();
	for (int i = 0; t.left > 0 && r == 0; i++)
		r = packet_print(&t, i % 3 == 2);
	if (r == 0)
		r = end_print(&t);
	if (r < 0 || fflush(stdout) != 0) {
		fprintf(stderr, "make_log: %s\n", strerror(r < 0 ? -r : errno));
		return 1;
	}
	return 0;
}
