// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a rule of nf_tables sends packets to a queue; the kernel keeps them and tells
 * us. lane.c decides when each may go on. They wait in one heap for all lanes, ordered by that time,
 * with one timerfd for the first of them, on a thread of its own, so that nothing else the program
 * does delays them. What is due is accepted: one verdict for all where they leave a queue in the
 * order in which they came, else one each.
 *
 * A delay counts from the kernel's own stamp of the packet's arrival where it has one, so the time it
 * takes us to hear of it is part of the delay and not on top of it, and a thread that was stopped
 * notices. A release is noted before the verdict is sent: nobody can see a packet further on whose
 * release is not yet known.
 *
 * What must not happen silently: a queue that overflows, a message that the kernel could not deliver,
 * a verdict that it did not take, a release that comes too late. Each makes delayline_read() fail.
 */
#include "impair/delayline.h"

#include <linux/netfilter.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <time.h>

#include "impair/copy.h"
#include "impair/due_heap.h"
#include "impair/lane.h"
#include "impair/nfqueue.h"
#include "impair/releases.h"
#include "netns/cleanup.h"
#include "netns/prompt.h"

#define AWAIT_NS INT64_C(1000000000) /* at the end of a run */

enum {
	READS = 8,	 /* times that a queue is read before the others have their turn */
	RATE_COPY = 128, /* bytes that tell a packet's length */
	LANES_MAX = 4096,
	BEAT_MS = 10,	 /* how often the thread looks up: a packet without a stamp is no older */
	NEAR_NS = 10000, /* what is due sooner is not worth a sleep: that takes about as long */
	/* what epoll tells, beside the numbers of lanes */
	TAG_TIMER = LANES_MAX,
	TAG_WAKE,
};

/* a lane with its queue; the heap's items point to it */
struct queue {
	struct lane_state state;
	int number;
	uint16_t queue;
	int fd; /* -1 once its host is gone */
	bool picks_kernel_time;
	bool cut; /* a link of its host went down: the kernel has thrown away what it held from or for it */
	bool was_whole; /* large messages may still be on their way to us */
	int64_t added_ns, last_came_ns;
	struct verdicts verdicts;
	uint32_t run_id; /* accepted in order, not yet told */
	unsigned run;
	struct item *overtaken;
	struct copier *copier;
};

struct item {
	struct due due; /* the first member: item_of() */
	struct queue *queue;
	struct item *next; /* of those overtaken, or whose copies are to be sent */
	int64_t came_ns;
	int64_t corrupt_bit;
	uint32_t id, mark;
	int hook, ifindex, ifindex_out;
	unsigned copies;
	bool overtaken, picked;
	size_t len, wire_len;
	uint8_t bytes[];
};

struct delayline {
	const struct network *net;
	const struct topology *topo;
	struct delayline_options options;
	pthread_t thread;
	bool running;
	atomic_bool stop;
	int epoll_fd, timer_fd, wake_fd;

	pthread_mutex_t lock; /* of all below, but for the last three */
	struct queue **queues;
	int n_queues;
	struct due_heap heap;
	uint64_t order;
	int64_t armed_ns;
	int form;	   /* enum queue_form, 0 until known */
	bool beats;	   /* there are lanes, and somebody wants to know */
	int64_t looked_ns; /* when the queues were last seen to be empty, or were read */
	struct nfqueue_reader *reader;
	struct item *copying, **copying_end;
	int *proc_fds; /* one for each host, -1 where there is no queue */

	struct releases releases; /* handed over without a lock */
	struct lab_err error;	  /* written once, by our thread */
	atomic_bool failed;	  /* it is there to be read */
};

static int64_t now_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t now(void)
{
	return now_of(CLOCK_MONOTONIC);
}

static void wake(int fd)
{
	uint64_t one = 1;

	/* can only fail when the counter is full, and then the other side wakes anyway */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void unwake(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

static void fail(struct delayline *line, int code, const char *what, const struct queue *queue)
{
	if (!atomic_load(&line->failed))
		lab_err_set(&line->error, code, "the delay line at host %s failed: %s",
			    line->topo->hosts[queue->state.spec.host].name, what);
	atomic_store(&line->failed, true);
	releases_wake(&line->releases);
}

static struct item *item_of(struct due *due)
{
	return (struct item *)due;
}

/* ---- releases ---- */

static void note_add(struct delayline *line, const struct item *item, enum release_what what,
		     int64_t went_ns)
{
	const struct release release = {
		.lane = item->queue->number,
		.spec = &item->queue->state.spec,
		.what = what,
		.hook = item->hook,
		.ifindex = item->ifindex,
		.picked = item->picked,
		.came_ns = item->came_ns,
		.due_ns = item->due.at_ns,
		.went_ns = went_ns,
		.corrupted = item->corrupt_bit >= 0,
		.packet = item->bytes,
		.len = item->len < DELAYLINE_SNAPLEN ? item->len : DELAYLINE_SNAPLEN,
		.wire_len = item->wire_len,
	};

	if (!line->options.quiet && !releases_put(&line->releases, &release))
		fail(line, ENOMEM, "cannot note a release", item->queue);
}

/* Tell the kernel of those that leave in order. */
static void run_end(struct queue *queue)
{
	if (queue->run == 1)
		verdicts_put(&queue->verdicts, queue->queue, queue->run_id, NF_ACCEPT, 0);
	else if (queue->run)
		verdicts_put_all(&queue->verdicts, queue->queue, queue->run_id);
	queue->run = 0;
}

static void verdicts_flush(struct delayline *line, struct queue *queue)
{
	int ret;

	run_end(queue);
	ret = verdicts_send(&queue->verdicts, queue->fd);
	if (ret < 0)
		fail(line, -ret, "the kernel did not take a verdict", queue);
}

static void verdict_put(struct delayline *line, struct queue *queue, uint32_t id, uint32_t verdict,
			uint32_t mark)
{
	run_end(queue);
	if (verdicts_full(&queue->verdicts))
		verdicts_flush(line, queue);
	verdicts_put(&queue->verdicts, queue->queue, id, verdict, mark);
}

/* Flip a bit behind the IP header: that one's own checksum has been looked at already. */
static void corrupt(struct item *item)
{
	size_t header = item->bytes[0] >> 4 == 6 ? 40 : (size_t)(item->bytes[0] & 0xf) * 4;
	size_t bit;

	if (item->len <= header) {
		item->corrupt_bit = -1;
		return;
	}
	bit = (size_t)item->corrupt_bit % ((item->len - header) * 8);
	item->bytes[header + bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static void accept_item(struct delayline *line, struct item *item, int64_t t)
{
	struct queue *queue = item->queue;
	int ret;

	if (item->corrupt_bit >= 0)
		corrupt(item);
	note_add(line, item, RELEASE_ON, t);
	for (unsigned i = 0; i < item->copies; i++)
		note_add(line, item, RELEASE_COPY, t);
	if (item->corrupt_bit >= 0) {
		verdicts_flush(line, queue);
		ret = verdict_changed(queue->fd, queue->queue, item->id, item->bytes, item->len);
		if (ret < 0)
			fail(line, -ret, "the kernel did not take a verdict", queue);
	} else if (queue->state.ordered) {
		queue->run_id = item->id;
		queue->run++;
	} else {
		verdict_put(line, queue, item->id, NF_ACCEPT, item->mark);
	}
}

static void overtaken_forget(struct item *item)
{
	for (struct item **p = &item->queue->overtaken; *p; p = &(*p)->next) {
		if (*p == item) {
			*p = item->next;
			return;
		}
	}
}

static void item_done(struct delayline *line, struct item *item)
{
	item->queue->state.n_held--;
	if (!item->copies) {
		free(item);
		return;
	}
	item->next = NULL;
	*line->copying_end = item;
	line->copying_end = &item->next;
}

/*
 * What a wire that is down, or too narrow, does not take is lost like any other packet. ENOBUFS is how
 * __dev_direct_xmit() says that the wire lost its carrier between packet_snd()'s look and its own.
 */
static bool copy_is_lost(int code)
{
	return code == ENOBUFS || code == ENETDOWN || code == ENETUNREACH || code == EHOSTUNREACH ||
	       code == EMSGSIZE || code == ENXIO || code == ENODEV || code == EADDRNOTAVAIL;
}

/* Copies go when their packets have gone. */
static void copies_send(struct delayline *line)
{
	while (line->copying) {
		struct item *item = line->copying;
		int ret = 0;

		line->copying = item->next;
		for (unsigned i = 0; !ret && i < item->copies; i++)
			ret = copier_send(item->queue->copier, item->hook, item->ifindex,
					  item->bytes, item->len);
		if (ret < 0 && !copy_is_lost(-ret))
			fail(line, -ret, "cannot send a copy", item->queue);
		free(item);
	}
	line->copying_end = &line->copying;
}

static void late_check(struct delayline *line, const struct item *item, int64_t t)
{
	char text[160];

	if (t - item->due.at_ns <= DELAYLINE_LATE_NS)
		return;
	snprintf(text, sizeof(text),
		 "a packet was released %lld ms too late, %lld ms are allowed: the machine was too "
		 "busy, or nslab was stopped",
		 (long long)((t - item->due.at_ns) / 1000000),
		 (long long)(DELAYLINE_LATE_NS / 1000000));
	fail(line, ETIME, text, item->queue);
}

/* Let go what is due. */
static void release_due(struct delayline *line)
{
	int64_t t = now();
	bool any = false;

	while (line->heap.n && line->heap.list[0]->at_ns <= t) {
		struct item *item = item_of(line->heap.list[0]);

		any = true;
		due_remove(&line->heap, &item->due);
		if (item->overtaken)
			overtaken_forget(item);
		late_check(line, item, t);
		accept_item(line, item, t);
		item_done(line, item);
		if (line->heap.n && line->heap.list[0]->at_ns > t)
			t = now();
	}
	for (int i = 0; any && i < line->n_queues; i++) {
		if (line->queues[i]->fd >= 0)
			verdicts_flush(line, line->queues[i]);
	}
	copies_send(line);
}

/*
 * How long to wait, for epoll_wait(): until the timer fires, or not at all if something is due so soon
 * that going to sleep and being woken would take longer. A timer that nobody needs any more fires in vain.
 */
static int wait_prepare(struct delayline *line)
{
	int64_t at = line->heap.n ? line->heap.list[0]->at_ns : line->armed_ns;
	struct itimerspec spec = { .it_value = { at / 1000000000, at % 1000000000 } };

	if (at == line->armed_ns)
		return -1;
	if (at - now() < NEAR_NS)
		return 0;
	timerfd_settime(line->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
	line->armed_ns = at;
	return -1;
}

/* ---- arrivals ---- */

struct arrival {
	struct delayline *line;
	struct queue *queue;
	int64_t now_ns;
	int64_t real_offset_ns; /* monotonic - real */
};

/*
 * CLOCK_MONOTONIC - CLOCK_REALTIME. If we are put aside between the two readings, the one that was taken in
 * the shortest time is right; it is never taken for less than it is, so no packet seems older than it is.
 */
static int64_t real_offset(void)
{
	int64_t best = 0, shortest = INT64_MAX;

	for (int i = 0; i < 3 && shortest > 1000; i++) {
		int64_t before = now(), real = now_of(CLOCK_REALTIME), after = now();

		if (after - before < shortest) {
			shortest = after - before;
			best = after - real;
		}
	}
	return best;
}

/* A packet without a stamp has waited for us since our last look at the longest: that must not be long. */
static void unseen_check(const struct arrival *a)
{
	int64_t since = a->line->looked_ns > a->queue->added_ns ? a->line->looked_ns :
								  a->queue->added_ns;
	int64_t unseen = a->now_ns - since;
	char text[160];

	if (!a->line->beats || unseen <= DELAYLINE_LATE_NS)
		return;
	snprintf(text, sizeof(text),
		 "a packet may have waited %lld ms unseen, %lld ms are allowed: the machine was too "
		 "busy, or nslab was stopped",
		 (long long)(unseen / 1000000), (long long)(DELAYLINE_LATE_NS / 1000000));
	fail(a->line, ETIME, text, a->queue);
}

/*
 * When it came, never before the one that came before it: what is delayed alike stays in order. A stamp is
 * as old as the link's own hold: then it tells nothing to a fault behind it.
 */
static int64_t came_ns(const struct arrival *a, const struct queued *q)
{
	int64_t came = q->stamp_ns + 999 + a->real_offset_ns;

	if (!q->stamp_ns || !a->queue->picks_kernel_time) {
		came = a->now_ns;
		unseen_check(a);
	} else if (came > a->now_ns) {
		came = a->now_ns;
	}
	if (came < a->queue->last_came_ns)
		came = a->queue->last_came_ns;
	return a->queue->last_came_ns = came;
}

/* @by goes by those that wait for it: they follow right behind, before what comes after it. */
static void overtake(struct delayline *line, struct queue *queue, const struct item *by)
{
	for (struct item *item = queue->overtaken; item; item = item->next) {
		if (item->due.at_ns <= by->due.at_ns)
			continue;
		item->due.at_ns = by->due.at_ns;
		item->due.place = by->due.place + 1;
		due_sooner(&line->heap, &item->due);
	}
}

static void packet_take(void *arg, const struct queued *q)
{
	struct arrival *a = arg;
	struct delayline *line = a->line;
	struct queue *queue = a->queue;
	struct item *item = malloc(sizeof(*item) + q->len);
	struct decision d;

	if (!a->now_ns) {
		/* only now: what was read before the packet was could be older than it */
		a->now_ns = now();
		a->real_offset_ns = real_offset();
	}
	if (!item) {
		fail(line, ENOMEM, "cannot hold a packet", queue);
		verdict_put(line, queue, q->id, NF_ACCEPT, 0);
		return;
	}
	*item = (struct item){ .queue = queue,
			       .due = { .order = line->order, .place = 2 * line->order },
			       .came_ns = came_ns(a, q),
			       .id = q->id,
			       .hook = q->hook,
			       .ifindex = q->ifindex,
			       .ifindex_out = q->ifindex_out,
			       .picked = lane_picked(&queue->state, q),
			       .len = q->len,
			       .wire_len = q->wire_len };
	line->order++;
	memcpy(item->bytes, q->packet ?: (const uint8_t *)"", q->len);
	lane_decide(&queue->state, q, item->came_ns, &d);
	item->due.at_ns = d.due_ns;
	item->mark = d.mark;
	item->copies = d.copies;
	item->corrupt_bit = d.corrupt_bit;
	item->overtaken = d.overtaken;
	if (d.drop || !due_push(&line->heap, &item->due)) {
		note_add(line, item, RELEASE_OVERFLOW, a->now_ns);
		verdict_put(line, queue, q->id, NF_DROP, 0);
		free(item);
		return;
	}
	queue->state.n_held++;
	/* one that waits itself does not go by */
	if (!d.overtaken) {
		overtake(line, queue, item);
		return;
	}
	item->next = queue->overtaken;
	queue->overtaken = item;
}

static void queue_read(struct delayline *line, struct queue *queue)
{
	struct arrival a = { .line = line, .queue = queue };

	for (int i = 0; i < READS && queue->fd >= 0; i++) {
		bool whole = queue->was_whole;
		int ret;

		a.now_ns = 0;
		ret = nfqueue_read(line->reader, queue->fd, whole, packet_take, &a);
		if (ret == -ENOBUFS)
			fail(line, ENOBUFS,
			     "packets were lost, because there was no room to tell us of them; "
			     "net.core.rmem_max bounds it for ordinary users",
			     queue);
		else if (ret < 0 && !(ret == -ENOENT && queue->cut))
			fail(line, -ret, "a verdict was lost", queue);
		/* the rest, if there is any, wakes us again */
		if (ret < (whole ? 1 : NFQUEUE_AT_ONCE))
			return;
		release_due(line);
	}
}

static void *thread_main(void *arg)
{
	struct delayline *line = arg;
	struct epoll_event events[32];
	int64_t looked = now();
	int timeout_ms = -1;

	prctl(PR_SET_NAME, "delay line");
	prctl(PR_SET_TIMERSLACK, 1);
	thread_prompt(true);
	while (!atomic_load(&line->stop)) {
		int n = epoll_wait(line->epoll_fd, events, ARRAY_SIZE(events), timeout_ms);

		/* a stop interrupts it: that is no look */
		if (n < 0)
			continue;
		pthread_mutex_lock(&line->lock);
		line->looked_ns = looked;
		for (int i = 0; i < n; i++) {
			if (events[i].data.u32 < (uint32_t)line->n_queues)
				queue_read(line, line->queues[events[i].data.u32]);
			else if (events[i].data.u32 == TAG_TIMER)
				line->armed_ns = 0;
			else
				unwake(line->wake_fd);
		}
		release_due(line);
		timeout_ms = wait_prepare(line);
		if (timeout_ms < 0 && line->beats)
			timeout_ms = BEAT_MS;
		pthread_mutex_unlock(&line->lock);
		looked = now();
	}
	return NULL;
}

/* ---- from outside ---- */

static int epoll_put(struct delayline *line, int fd, uint32_t events, uint32_t tag,
		     struct lab_err *err)
{
	struct epoll_event event = { .events = events, .data.u32 = tag };

	if (epoll_ctl(line->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return lab_err_set(err, errno, "cannot start the delay line (epoll)");
	return 0;
}

static int start(struct delayline *line, struct lab_err *err)
{
	int ret;

	line->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	line->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	line->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (releases_open(&line->releases) < 0 || line->epoll_fd < 0 || line->timer_fd < 0 ||
	    line->wake_fd < 0)
		return lab_err_set(err, errno, "cannot start the delay line");
	/* told once each time that it fires: then it need not be read */
	ret = epoll_put(line, line->timer_fd, EPOLLIN | EPOLLET, TAG_TIMER, err);
	ret = ret ?: epoll_put(line, line->wake_fd, EPOLLIN, TAG_WAKE, err);
	if (ret < 0)
		return ret;
	ret = pthread_create(&line->thread, NULL, thread_main, line);
	if (ret)
		return lab_err_set(err, ret, "cannot start the delay line's thread");
	line->running = true;
	return 0;
}

int delayline_open(const struct network *net, const struct topology *topo,
		   const struct delayline_options *options, struct delayline **ret_line,
		   struct lab_err *err)
{
	struct delayline *line = calloc(1, sizeof(*line));
	int ret;

	if (!line)
		return lab_err_set(err, ENOMEM, "cannot start the delay line");
	*line = (struct delayline){ .net = net,
				    .topo = topo,
				    .epoll_fd = -1,
				    .timer_fd = -1,
				    .wake_fd = -1,
				    .releases.fd = -1 };
	if (options)
		line->options = *options;
	line->copying_end = &line->copying;
	pthread_mutex_init(&line->lock, NULL);
	line->proc_fds = calloc((size_t)topo->n_hosts, sizeof(int));
	for (int h = 0; line->proc_fds && h < topo->n_hosts; h++)
		line->proc_fds[h] = -1;
	line->queues = calloc(LANES_MAX, sizeof(struct queue *));
	line->reader = nfqueue_reader_new();
	ret = line->proc_fds && line->queues && line->reader ?
		      start(line, err) :
		      lab_err_set(err, ENOMEM, "cannot start the delay line");
	if (ret < 0) {
		delayline_close(line);
		return ret;
	}
	*ret_line = line;
	return 0;
}

static void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	close_fd(&queue->fd);
	copier_close(queue->copier);
	lane_clear(&queue->state);
	free(queue);
}

void delayline_close(struct delayline *line)
{
	if (!line)
		return;
	if (line->running) {
		atomic_store(&line->stop, true);
		wake(line->wake_fd);
		pthread_join(line->thread, NULL);
	}
	for (size_t i = 0; i < line->heap.n; i++)
		free(item_of(line->heap.list[i]));
	releases_close(&line->releases);
	for (int i = 0; i < line->n_queues; i++)
		queue_free(line->queues[i]);
	for (int h = 0; line->proc_fds && h < line->topo->n_hosts; h++)
		close_fd(&line->proc_fds[h]);
	close_fd(&line->epoll_fd);
	close_fd(&line->timer_fd);
	close_fd(&line->wake_fd);
	pthread_mutex_destroy(&line->lock);
	free(line->heap.list);
	nfqueue_reader_free(line->reader);
	free(line->queues);
	free(line->proc_fds);
	free(line);
}

int delayline_probe(struct delayline *line, int host, struct lab_err *err)
{
	int ret = line->form ?: queue_form(line->net, host, err);

	if (ret < 0)
		return ret;
	line->form = ret;
	return 0;
}

/* What chance depends on: the fault's name, or the direction's. */
static void lane_name(const struct delayline *line, const struct lane *lane, char *buf, size_t size)
{
	if (lane->fault)
		snprintf(buf, size, "%s", lane->fault->name);
	else
		topology_direction(line->topo, lane->link, !lane->end, buf, size);
}

/* Does a link's lane hold what comes in at @host? Then the kernel's stamp is older than that hold. */
static bool behind_link(const struct delayline *line, int host)
{
	for (int i = 0; i < line->n_queues; i++) {
		const struct lane *lane = &line->queues[i]->state.spec;

		if (!lane->fault && lane->host == host)
			return true;
	}
	return false;
}

static uint32_t copy_len(const struct delayline *line, const struct lane_state *lane)
{
	if (lane_whole(lane))
		return NFQUEUE_COPY_MAX;
	if (!line->options.quiet || lane->spec.picks)
		return DELAYLINE_SNAPLEN;
	return lane->spec.fault ? 0 : lane->spec.shape.rate ? RATE_COPY : 0;
}

static int copier_for(struct delayline *line, struct queue *queue, struct lab_err *err)
{
	const struct lane *lane = &queue->state.spec;

	return copier_open(line->net, line->topo, lane->host, lane->fault ? -1 : lane->link,
			   &queue->copier, err);
}

static int queue_prepare(struct delayline *line, struct queue *queue, const struct lane *lane,
			 struct lab_err *err)
{
	uint32_t maxlen = NFQUEUE_MAXLEN;
	char name[160];
	int ret;

	ret = delayline_probe(line, lane->host, err);
	if (ret < 0)
		return ret;
	lane_name(line, lane, name, sizeof(name));
	if (lane_init(&queue->state, lane, name, line->options.seed) < 0)
		return lab_err_set(err, ENOMEM, "cannot add a lane to the delay line");
	if (lane->shape.limit > NFQUEUE_MAXLEN / 2)
		maxlen = 2 * (uint32_t)lane->shape.limit;
	queue->was_whole = lane_whole(&queue->state);
	ret = queue->fd = nfqueue_open(line->net, lane->host, err);
	if (ret >= 0)
		ret = nfqueue_bind(queue->fd, queue->queue, copy_len(line, &queue->state), maxlen,
				   lane_whole(&queue->state), err);
	if (ret >= 0 && lane_whole(&queue->state))
		ret = copier_for(line, queue, err);
	if (ret >= 0 && line->proc_fds[lane->host] < 0)
		ret = line->proc_fds[lane->host] = nfqueue_proc_open(line->net, lane->host, err);
	return ret < 0 ? lab_err_wrap(err, "host %s", line->topo->hosts[lane->host].name) : 0;
}

int delayline_add(struct delayline *line, const struct lane *lane, uint16_t *ret_queue,
		  struct lab_err *err)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	int ret, number;

	if (!queue)
		return lab_err_set(err, ENOMEM, "cannot add a lane to the delay line");
	queue->fd = -1;
	/* only this thread adds, so the number is ours */
	queue->number = number = line->n_queues;
	queue->queue = (uint16_t)(DELAYLINE_QUEUE_BASE + number);
	ret = number < LANES_MAX ? queue_prepare(line, queue, lane, err) :
				   lab_err_set(err, E2BIG, "too many lanes in the delay line");
	if (ret < 0) {
		queue_free(queue);
		return ret;
	}
	pthread_mutex_lock(&line->lock);
	line->beats = !line->options.quiet;
	queue->added_ns = now();
	queue->picks_kernel_time = !lane->fault || !behind_link(line, lane->host);
	for (int i = 0; !lane->fault && i < number; i++) {
		if (line->queues[i]->state.spec.fault &&
		    line->queues[i]->state.spec.host == lane->host)
			line->queues[i]->picks_kernel_time = false;
	}
	line->queues[number] = queue;
	line->n_queues++;
	wake(line->wake_fd);
	ret = epoll_put(line, queue->fd, EPOLLIN, (uint32_t)number, err);
	pthread_mutex_unlock(&line->lock);
	if (ret < 0)
		return ret;
	*ret_queue = queue->queue;
	return number;
}

int delayline_shape(struct delayline *line, int number, const struct shape *shape,
		    struct lab_err *err)
{
	struct queue *queue = line->queues[number];
	bool whole;
	int ret = 0;

	pthread_mutex_lock(&line->lock);
	whole = lane_whole(&queue->state);
	queue->state.spec.shape = *shape;
	queue->was_whole |= lane_whole(&queue->state);
	if (lane_whole(&queue->state) && !queue->copier)
		ret = copier_for(line, queue, err);
	if (!ret && (lane_whole(&queue->state) != whole || line->options.quiet))
		ret = nfqueue_copy_set(queue->fd, queue->queue, copy_len(line, &queue->state),
				       lane_whole(&queue->state), err);
	pthread_mutex_unlock(&line->lock);
	return ret;
}

void delayline_link_down(struct delayline *line, int host, int ifindex)
{
	int64_t t = now();

	pthread_mutex_lock(&line->lock);
	for (size_t i = line->heap.n; i--;) {
		struct item *item = item_of(line->heap.list[i]);

		if (item->queue->state.spec.host != host ||
		    (item->ifindex != ifindex && item->ifindex_out != ifindex))
			continue;
		due_remove(&line->heap, &item->due);
		if (item->overtaken)
			overtaken_forget(item);
		note_add(line, item, RELEASE_LOST, t);
		item->queue->state.n_held--;
		free(item);
		i = line->heap.n; /* the heap has changed its order */
	}
	for (int i = 0; i < line->n_queues; i++)
		line->queues[i]->cut |= line->queues[i]->state.spec.host == host;
	pthread_mutex_unlock(&line->lock);
}

void delayline_host_gone(struct delayline *line, int host)
{
	pthread_mutex_lock(&line->lock);
	for (size_t i = line->heap.n; i--;) {
		struct item *item = item_of(line->heap.list[i]);

		if (item->queue->state.spec.host != host)
			continue;
		due_remove(&line->heap, &item->due);
		free(item);
		i = line->heap.n; /* the heap has changed its order */
	}
	for (int i = 0; i < line->n_queues; i++) {
		struct queue *queue = line->queues[i];

		if (queue->state.spec.host != host)
			continue;
		close_fd(&queue->fd); /* which takes it out of the epoll set, too */
		copier_close(TAKE_PTR(queue->copier));
		queue->overtaken = NULL;
	}
	close_fd(&line->proc_fds[host]);
	pthread_mutex_unlock(&line->lock);
}

bool delayline_compat(const struct delayline *line)
{
	return line->form == QUEUE_COMPAT;
}

int delayline_host_anew(struct delayline *line, struct lab_err *err)
{
	int ret = 0;

	pthread_mutex_lock(&line->lock);
	for (int i = 0; !ret && i < line->n_queues; i++) {
		struct queue *queue = line->queues[i];

		if (queue->fd < 0 || !queue->copier)
			continue;
		copier_close(TAKE_PTR(queue->copier));
		ret = copier_for(line, queue, err);
	}
	pthread_mutex_unlock(&line->lock);
	return ret;
}

int delayline_fd(const struct delayline *line)
{
	return line->releases.fd;
}

int delayline_read(struct delayline *line, void (*fn)(void *arg, const struct release *release),
		   void *arg, struct lab_err *err)
{
	int n = releases_read(&line->releases, fn, arg);
	/* behind it: who fails first says so and then wakes us */
	bool failed = atomic_load(&line->failed);

	if (failed && err)
		*err = line->error;
	return failed ? -line->error.code : n;
}

/*
 * Let the thread have one more look: after a stop, or on a busy machine, it may not have had its turn, and
 * what it is late with is not yet known.
 */
static int thread_await(struct delayline *line, struct lab_err *err)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	int64_t begun = now(), looked = 0;

	while (looked < begun && line->n_queues) {
		wake(line->wake_fd);
		pthread_mutex_lock(&line->lock);
		looked = line->looked_ns;
		pthread_mutex_unlock(&line->lock);
		if (now() - begun > AWAIT_NS)
			return lab_err_set(err, ETIME,
					   "the delay line's thread does not get a processor");
		if (looked < begun)
			nanosleep(&pause, NULL);
	}
	if (!atomic_load(&line->failed))
		return 0;
	if (err)
		*err = line->error;
	return -line->error.code;
}

int delayline_check(struct delayline *line, struct lab_err *err)
{
	int ret = thread_await(line, err);

	for (int h = 0; !ret && h < line->topo->n_hosts; h++) {
		const char *host = line->topo->hosts[h].name;
		uint64_t full, untold;

		if (line->proc_fds[h] < 0)
			continue;
		ret = nfqueue_dropped(line->proc_fds[h], &full, &untold);
		if (ret < 0)
			return lab_err_set(err, -ret, "cannot read the delay line's counters");
		if (full || untold)
			ret = lab_err_set(err, ENOBUFS,
					  "the delay line at host %s lost packets: %llu because a queue was "
					  "full, %llu because we could not be told",
					  host, (unsigned long long)full,
					  (unsigned long long)untold);
	}
	return ret;
}
