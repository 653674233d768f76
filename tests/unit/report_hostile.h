/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events with strings and numbers of the worst kind. Behind cmocka.h. */
#ifndef NSLAB_TESTS_UNIT_REPORT_HOSTILE_H
#define NSLAB_TESTS_UNIT_REPORT_HOSTILE_H

#include "tests/unit/report_screen.h"

static const char *const hostile[] = {
	"",
	"\033[31mred\033]0;title\007",
	"line\nbreak\rback\ttab\bdel\x7f",
	"\xff\xfe\xc0\x80\xed\xa0\x80 cut \xe2\x82",
	"\xe2\x80\xae"
	"evil\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xc2\x9b"
	"31m",
	"a\xcc\x80\xcc\x80\xcc\x80\xcc\x80\xcc\x80\xcc\x80",
	"\xe6\xbc\xa2\xe5\xad\x97\xf0\x9f\x98\x80\xe6\xbc\xa2\xe5\xad\x97\xf0\x9f\x98\x80",
	"\xe2\x9a\xa0\xef\xb8\x8f \xf3\xa0\x81\x81",
	"</failure>]]><script>alert(1)</script>&amp;&#27;<!--\"' ",
	"ok 1 - # TODO # SKIP \\# ::error file=x,line=1::y %0A 1..0",
	"...\n---\n  ...\nnot ok 1\n1..7\nBail out! \n::error::x\n",
	"\xef\xbf\xbe\xef\xbf\xbf\xe2\x80\xa8",
	"- item\n- item\n        deep\n\n\n\n  %s%n %d",
	"word word word word word word word word word word word word word word word word word",
	NULL, /* a long one */
};

static inline char *hostile_text(unsigned *seed)
{
	static char longest[3001];
	const char *text = hostile[(size_t)rand_r(seed) % ARRAY_SIZE(hostile)];

	if (!longest[0])
		memset(longest, 'x', sizeof(longest) - 1);
	return text ? S(text) : longest;
}

static inline int64_t hostile_number(unsigned *seed)
{
	static const int64_t numbers[] = {
		0, 1, -1, 999999, MS(999), MS(5000), INT64_MAX, INT64_MIN
	};

	return numbers[(size_t)rand_r(seed) % ARRAY_SIZE(numbers)];
}

static inline void hostile_begin(unsigned *seed, struct event *e, char **hosts,
				 struct event_fault_info *f)
{
	struct event_begin *b = &e->begin;

	*b = begin_record;
	for (int i = 0; i < 5; i++)
		hosts[i] = hostile_text(seed);
	*f = (struct event_fault_info){ hostile_text(seed), rand_r(seed) % 3 - 1,
					hostile_text(seed), rand_r(seed) % 2 };
	b->scenario = hostile_text(seed);
	b->name = hostile_text(seed);
	b->file = hostile_text(seed);
	b->title = hostile_text(seed);
	b->story = hostile_text(seed);
	b->remedy = hostile_text(seed);
	b->set = hostile_text(seed);
	b->repeat = hostile_text(seed);
	b->nslab = hostile_text(seed);
	b->kernel = hostile_text(seed);
	b->shaper = hostile_text(seed);
	b->inverted = (int)hostile_number(seed);
	b->seed = hostile_number(seed);
	b->wall_ns = hostile_number(seed);
	b->hosts = hosts;
	b->n_hosts = 3 + rand_r(seed) % 3;
	b->faults = f;
	b->n_links = rand_r(seed) % 3;
}

static inline void hostile_packet(unsigned *seed, struct packet *p)
{
	p->af = rand_r(seed) % 2 ? AF_INET6 : AF_INET;
	p->protocol = rand_r(seed) % 4 ? IPPROTO_TCP : rand_r(seed) % 256;
	p->flags = (uint8_t)rand_r(seed);
	p->payload = (uint32_t)hostile_number(seed);
}

/* An event of any type; what it points to lives in @hosts and @fault. */
static inline struct event hostile_event(unsigned *seed, char **hosts,
					 struct event_fault_info *fault)
{
	struct event e = { .type = (enum event_type)(rand_r(seed) % EVENT_TYPE_COUNT) };

	e.t_ns = hostile_number(seed);
	e.host = rand_r(seed) % 4 ? rand_r(seed) % 6 - 1 : (int)hostile_number(seed);
	switch (e.type) {
	case EVENT_BEGIN:
		hostile_begin(seed, &e, hosts, fault);
		break;
	case EVENT_NOTE:
		e.note.text = hostile_text(seed);
		break;
	case EVENT_STANDS:
		e.stands.lab = hostile_text(seed);
		break;
	case EVENT_OUTPUT:
		e.output = (struct event_output){ .stream = hostile_text(seed),
						  .text = hostile_text(seed) };
		break;
	case EVENT_STEP_BEGIN:
	case EVENT_STEP_END:
		e.step = (struct event_step){ .text = hostile_text(seed),
					      .error = hostile_text(seed),
					      .took_ns = hostile_number(seed),
					      .bytes = hostile_number(seed),
					      .exit = hostile_number(seed),
					      .eof = rand_r(seed) % 2,
					      .detail = hostile_text(seed) };
		break;
	case EVENT_PACKET:
		e.packet = (struct event_packet){ .ifname = hostile_text(seed),
						  .out = rand_r(seed) % 2,
						  .made_here = rand_r(seed) % 2,
						  .from = rand_r(seed) % 4 - 1,
						  .to = rand_r(seed) % 4 - 1,
						  .retry = (int)hostile_number(seed),
						  .since_ns = hostile_number(seed),
						  .held_ns = hostile_number(seed) };
		hostile_packet(seed, &e.packet.packet);
		break;
	case EVENT_HIT:
		e.hit.fault = hostile_text(seed);
		e.hit.past = hostile_text(seed);
		hostile_packet(seed, &e.hit.packet);
		break;
	case EVENT_RELEASE:
		e.release.fault = hostile_text(seed);
		e.release.past = hostile_text(seed);
		e.release.asked_ns = hostile_number(seed);
		e.release.waited_ns = hostile_number(seed);
		hostile_packet(seed, &e.release.packet);
		break;
	case EVENT_STATE:
		e.state = (struct event_state){ hostile_text(seed), hostile_text(seed),
						hostile_text(seed), hostile_text(seed),
						hostile_text(seed), rand_r(seed) % 2 };
		break;
	case EVENT_FAULT:
		e.fault.fault = hostile_text(seed);
		break;
	case EVENT_EXPECTATION:
		e.expectation = (struct event_expectation){ .line = (int)hostile_number(seed),
							    .text = hostile_text(seed),
							    .expected = hostile_text(seed),
							    .observed = hostile_text(seed),
							    .met = rand_r(seed) % 2 };
		break;
	case EVENT_ERROR:
		e.error.text = hostile_text(seed);
		e.error.fix = hostile_text(seed);
		break;
	case EVENT_END:
		e.end = (struct event_end){ .result = (enum result)(rand_r(seed) % RESULT_COUNT),
					    .text = hostile_text(seed),
					    .signal = (int)hostile_number(seed),
					    .met = (int)hostile_number(seed),
					    .unmet = (int)hostile_number(seed),
					    .took_ns = hostile_number(seed) };
		break;
	case EVENT_BUILT:
	case EVENT_TYPE_COUNT:
		break;
	}
	return e;
}

/* Feed one of them; returns its type. */
static inline enum event_type feed_hostile(struct screen *screen, unsigned *seed)
{
	struct event_fault_info fault;
	char *hosts[5];
	struct event event = hostile_event(seed, hosts, &fault);

	feed(screen, event);
	return event.type;
}

#endif
