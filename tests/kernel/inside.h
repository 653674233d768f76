/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Assertions for code that runs in a process of its own, as a sandbox's. cmocka's would jump back into
 * a copy of its runner there and go on with the other tests; these say what is wrong and end the
 * process, and inside() makes its parent's test fail.
 */
#ifndef NSLAB_TESTS_INSIDE_H
#define NSLAB_TESTS_INSIDE_H

#include "tests/support/main.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netns/cleanup.h"
#include "netns/sandbox.h"

enum { INSIDE_FAILED = 3, INSIDE_PATIENCE_S = 100 };

#define INSIDE_FAIL(...)                                        \
	do {                                                    \
		fprintf(stderr, "%s:%d: ", __FILE__, __LINE__); \
		fprintf(stderr, __VA_ARGS__);                   \
		fputc('\n', stderr);                            \
		fflush(NULL);                                   \
		_exit(INSIDE_FAILED);                           \
	} while (0)

/* as assert_true(); shows errno, which often tells why */
#define must(cond)                                                  \
	do {                                                        \
		if (!(cond))                                        \
			INSIDE_FAIL("%s (errno %d)", #cond, errno); \
	} while (0)

/* as assert_int_equal() */
#define must_equal(a, b)                                                     \
	do {                                                                 \
		long long a_ = (long long)(a), b_ = (long long)(b);          \
		if (a_ != b_)                                                \
			INSIDE_FAIL("%s = %lld, %s = %lld", #a, a_, #b, b_); \
	} while (0)

#define must_same(a, b)                                                      \
	do {                                                                 \
		const char *a_ = (a), *b_ = (b);                             \
		if (strcmp(a_, b_))                                          \
			INSIDE_FAIL("%s = '%s', %s = '%s'", #a, a_, #b, b_); \
	} while (0)

/* @call returned 0; else shows the error object */
#define must_work(call, err)                                                                     \
	do {                                                                                     \
		char text_[1100];                                                                \
		if ((call) != 0)                                                                 \
			INSIDE_FAIL("%s: %s", #call, lab_err_text((err), text_, sizeof(text_))); \
	} while (0)

/* Process 1 of its namespace ignores signals that it has no handler for. */
static inline void inside_too_late(int sig)
{
	static const char text[] = "a test inside a sandbox came to no end\n";

	(void)sig;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(INSIDE_FAILED);
	_exit(INSIDE_FAILED);
}

static inline void inside_bound(int seconds)
{
	struct sigaction sa = { .sa_handler = inside_too_late };

	sigaction(SIGALRM, &sa, NULL);
	alarm((unsigned)seconds);
}

struct inside_args {
	void (*fn)(void *arg);
	void *arg;
};

static inline int inside_body(void *p)
{
	struct inside_args *args = p;

	inside_bound(INSIDE_PATIENCE_S);
	args->fn(args->arg);
	return 0;
}

/*
 * Does this system refuse namespaces to anybody who asks for them as we do? Asked without the code that
 * is tested, so that a mistake in there is a failure, and not a reason to skip.
 */
static inline bool inside_refused(void)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(unshare((sandbox_privileged() ? 0 : CLONE_NEWUSER) | CLONE_NEWPID |
			      CLONE_NEWNS | CLONE_NEWNET) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status != 0;
}

/* Start @fn in a sandbox; skips the test where this system gives no namespaces. */
static inline void inside_start(struct sandbox *box, void (*fn)(void *arg), void *arg)
{
	struct inside_args args = { fn, arg };
	struct lab_err err = { 0 };
	char text[1100];
	int ret = sandbox_spawn(inside_body, &args, box, &err);

	if (ret < 0 && inside_refused()) {
		print_message("no namespaces here: %s\n", lab_err_text(&err, text, sizeof(text)));
		skip();
	}
	if (ret < 0)
		fail_msg("%s", lab_err_text(&err, text, sizeof(text)));
}

/*
 * Run @fn in a sandbox, and fail the test if one of its assertions fails. A leak that the sanitizer
 * finds in there fails it too.
 */
static inline void inside(void (*fn)(void *arg), void *arg)
{
	struct sandbox box;
	int status;

	inside_start(&box, fn, arg);
	status = sandbox_wait(&box);
	if (status)
		fail_msg("the process inside ended with status 0x%x", status);
}

/* As inside(), once for each of @n args of @size bytes, side by side: for tests that mostly wait. */
static inline void inside_each(void (*fn)(void *arg), const void *args, size_t size, int n)
{
	enum { SIDE_BY_SIDE = 32 };
	struct sandbox boxes[SIDE_BY_SIDE];
	int failed = 0;

	for (int begun = 0; begun < n; begun += SIDE_BY_SIDE) {
		int batch = n - begun < SIDE_BY_SIDE ? n - begun : SIDE_BY_SIDE;

		for (int i = 0; i < batch; i++)
			inside_start(&boxes[i], fn, (char *)args + (size_t)(begun + i) * size);
		for (int i = 0; i < batch; i++)
			failed += sandbox_wait(&boxes[i]) != 0;
	}
	if (failed)
		fail_msg("%d of %d processes inside failed", failed, n);
}

/* CLOCK_MONOTONIC, ms */
static inline int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Is there a program of this name? Second opinions are asked for where they are installed. */
static inline bool has_tool(const char *name)
{
	static const char *const dirs[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], name);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

/* What a shell command prints, malloced; its exit status must be 0. Runs where the caller is. */
static inline char *output_of(const char *command)
{
	char *text = NULL, chunk[4096], line[1024];
	size_t size, n;
	FILE *out = open_memstream(&text, &size), *in;

	must((size_t)snprintf(line, sizeof(line), "PATH=/usr/sbin:/usr/bin:/sbin:/bin; %s",
			      command) < sizeof(line));
	fflush(NULL);
	in = popen(line, "re");
	must(out && in);
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		fwrite(chunk, 1, n, out);
	if (pclose(in))
		INSIDE_FAIL("'%s' failed", command);
	must(fclose(out) == 0);
	return text;
}

#endif
