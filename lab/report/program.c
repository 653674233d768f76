// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: what a program's connections came to, from the packets of its host and the states of
 * its sockets: a line for each connection that the host opened or was asked to open, one for each fault that
 * acted, and how the program ended. It is a function of the events, as all reports.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/report.h"
#include "lab/report/terminal_text.h"
#include "netns/cleanup.h"

enum { CONNECTIONS_MOST = 200, FAULTS_MOST = 64 };

/**
 * struct connection - one of the program's host
 * @opened: it sent the first SYN; else it was called
 * @syns, @retries: SYNs sent in all; other segments sent again
 * @up_ns: when the packet came that made it ESTABLISHED, -1 never; @rst_ns: when a RST came, -1 never
 * @sent, @received: bytes of payload, without repetitions on the sending side
 */
struct connection {
	struct packet key;
	bool opened;
	int64_t begun_ns, up_ns, rst_ns;
	int syns, retries;
	uint64_t sent, received;
	char state[24];
};

struct acted {
	char *fault, *past;
	int n;
};

struct report {
	FILE *out;
	struct report_options options;
	struct paper paper;
	int host;
	char *hostname;
	struct connection list[CONNECTIONS_MOST];
	int n, more;
	struct acted acted[FAULTS_MOST];
	int n_acted;
	char *ended;
};

static struct report *program_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->out = out;
	report->options = *options;
	report->host = -1;
	paper_init(&report->paper, options->columns, options->colour, options->unicode);
	return report;
}

/* "10.0.1.1:43210", as state records have it */
static const char *end_text(const struct packet *p, bool remote, char *buf, size_t size)
{
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(p->af, remote ? p->dst : p->src, addr, sizeof(addr));
	snprintf(buf, size, p->af == AF_INET6 ? "[%s]:%u" : "%s:%u", addr,
		 remote ? p->dport : p->sport);
	return buf;
}

static bool is_program(const char *text)
{
	return !strncmp(text, "program ", 8);
}

/* The same connection, seen from either side. */
static bool same(const struct connection *c, const struct packet *p, bool out)
{
	const uint8_t *local = out ? p->src : p->dst, *remote = out ? p->dst : p->src;

	return c->key.af == p->af && c->key.sport == (out ? p->sport : p->dport) &&
	       c->key.dport == (out ? p->dport : p->sport) &&
	       !memcmp(c->key.src, local, sizeof(c->key.src)) &&
	       !memcmp(c->key.dst, remote, sizeof(c->key.dst));
}

static struct connection *connection_find(struct report *report, const struct packet *p, bool out)
{
	for (int i = report->n - 1; i >= 0; i--)
		if (same(&report->list[i], p, out))
			return &report->list[i];
	return NULL;
}

static struct connection *connection_new(struct report *report, const struct event *event)
{
	const struct event_packet *e = &event->packet;
	struct connection *c = &report->list[report->n];

	if (report->n == CONNECTIONS_MOST) {
		report->more++;
		return NULL;
	}
	*c = (struct connection){ .key = e->packet,
				  .opened = e->out,
				  .begun_ns = event->t_ns,
				  .up_ns = -1,
				  .rst_ns = -1 };
	if (!e->out) {
		memcpy(c->key.src, e->packet.dst, sizeof(c->key.src));
		memcpy(c->key.dst, e->packet.src, sizeof(c->key.dst));
		c->key.sport = e->packet.dport;
		c->key.dport = e->packet.sport;
	}
	report->n++;
	return c;
}

static void packet_take(struct report *report, const struct event *event)
{
	enum { SYN = 0x02, RST = 0x04, ACK = 0x10 };
	const struct event_packet *e = &event->packet;
	const struct packet *p = &e->packet;
	struct connection *c;
	bool opens;

	if (event->host != report->host || p->protocol != IPPROTO_TCP || (e->out && !e->made_here))
		return;
	opens = (p->flags & (SYN | ACK)) == SYN;
	c = connection_find(report, p, e->out);
	if (!c || (opens && !e->retry && !strcmp(c->state, "CLOSED")))
		c = opens ? connection_new(report, event) : c;
	if (!c)
		return;
	if (e->out && opens)
		c->syns++;
	else if (e->out && e->retry)
		c->retries++;
	if (e->out && !e->retry)
		c->sent += p->payload;
	if (!e->out)
		c->received += p->payload;
	/* the answer to our SYN, or to our SYN-ACK */
	if (!e->out && c->up_ns < 0 &&
	    (p->flags & (SYN | RST | ACK)) == (c->opened ? SYN | ACK : ACK))
		c->up_ns = event->t_ns;
	if (!e->out && (p->flags & RST))
		c->rst_ns = event->t_ns;
}

static void state_take(struct report *report, const struct event *event)
{
	char text[INET6_ADDRSTRLEN + 16];

	if (event->host != report->host)
		return;
	for (int i = report->n - 1; i >= 0; i--) {
		struct connection *c = &report->list[i];

		if (strcmp(end_text(&c->key, false, text, sizeof(text)), event->state.local) ||
		    strcmp(end_text(&c->key, true, text, sizeof(text)), event->state.remote))
			continue;
		snprintf(c->state, sizeof(c->state), "%s", event->state.new);
		return;
	}
}

static void hit_take(struct report *report, const struct event_hit *hit)
{
	int i = 0;

	while (i < report->n_acted && (strcmp(report->acted[i].fault, hit->fault) ||
				       strcmp(report->acted[i].past, hit->past)))
		i++;
	if (i == FAULTS_MOST)
		return;
	if (i == report->n_acted) {
		report->acted[i] = (struct acted){ strdup(hit->fault), strdup(hit->past), 0 };
		if (!report->acted[i].fault || !report->acted[i].past) {
			free(report->acted[i].fault);
			free(report->acted[i].past);
			return;
		}
		report->n_acted++;
	}
	report->acted[i].n++;
}

static void ended_take(struct report *report, const struct event_step *step)
{
	char took[40];

	duration_text(step->took_ns, took, sizeof(took));
	free(report->ended);
	report->ended = NULL;
	if (!strcmp(step->error, "none")) {
		if (asprintf(&report->ended, "ended with %s after %s", step->detail, took) < 0)
			report->ended = NULL;
	} else if (!strcmp(step->error, "deadline")) {
		if (asprintf(&report->ended, "was ended after %s: its time was over", took) < 0)
			report->ended = NULL;
	} else if (asprintf(&report->ended, "%s: %s", step->detail, step->error) < 0) {
		report->ended = NULL;
	}
}

static void program_event(struct report *report, const struct event *event)
{
	switch (event->type) {
	case EVENT_STEP_BEGIN:
		if (is_program(event->step.text))
			report->host = event->host;
		break;
	case EVENT_STEP_END:
		if (is_program(event->step.text))
			ended_take(report, &event->step);
		break;
	case EVENT_PACKET:
		packet_take(report, event);
		break;
	case EVENT_STATE:
		state_take(report, event);
		break;
	case EVENT_HIT:
		hit_take(report, &event->hit);
		break;
	default:
		break;
	}
}

/* "connected after 1.03 s", "refused after 0.2 ms", "never connected" */
static void how_put(const struct connection *c, FILE *out)
{
	char took[40];

	if (c->up_ns >= 0)
		fprintf(out, "%s after %s", c->opened ? "connected" : "accepted",
			duration_text(c->up_ns - c->begun_ns, took, sizeof(took)));
	else if (c->rst_ns >= 0 && !c->sent && !c->received)
		fprintf(out, "refused after %s",
			duration_text(c->rst_ns - c->begun_ns, took, sizeof(took)));
	else if (c->sent || c->received)
		fputs("connected", out);
	else
		fputs("never connected", out);
	if (c->syns > 1)
		fprintf(out, ", %d SYNs", c->syns);
	if (c->retries)
		fprintf(out, ", %d %s sent again", c->retries,
			c->retries == 1 ? "segment" : "segments");
	if (c->sent || c->received)
		fprintf(out, ", %" PRIu64 " B sent, %" PRIu64 " B received", c->sent, c->received);
	if (c->rst_ns >= 0 && (c->sent || c->received || c->up_ns >= 0))
		fputs(", reset by the peer", out);
	if (c->state[0] && strcmp(c->state, "CLOSED"))
		fprintf(out, "; left in %s", c->state);
}

static void connection_put(const struct report *report, const struct connection *c)
{
	char local[INET6_ADDRSTRLEN + 16], remote[INET6_ADDRSTRLEN + 16], *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	fprintf(f, "  %s %s %s: ", end_text(&c->key, false, local, sizeof(local)),
		c->opened ? "→" : "←", end_text(&c->key, true, remote, sizeof(remote)));
	how_put(c, f);
	if (fclose(f) == 0)
		text_wrap(&report->paper, report->out, text, 2, 4);
	free(text);
}

static void program_close(struct report *report)
{
	if (!report)
		return;
	if (report->ended)
		fprintf(report->out, "nslab: the program %s\n", report->ended);
	for (int i = 0; i < report->n; i++)
		connection_put(report, &report->list[i]);
	if (report->more)
		fprintf(report->out, "  and %d more connections\n", report->more);
	for (int i = 0; i < report->n_acted; i++) {
		struct acted *acted = &report->acted[i];

		fprintf(report->out, "  %s %s %d %s\n", acted->fault, acted->past, acted->n,
			acted->n == 1 ? "packet" : "packets");
		free(acted->fault);
		free(acted->past);
	}
	fflush(report->out);
	free(report->ended);
	paper_release(&report->paper);
	free(report);
}

const struct report_type REPORT_PROGRAM = {
	.name = "program",
	.help = "what the connections of a program under nslab exec came to",
	.open = program_open,
	.event = program_event,
	.close = program_close,
};
