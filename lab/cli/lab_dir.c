// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a name is taken by link(2), which is one step and refuses what is there: the socket is bound
 * and listens under a name of its own before, so whoever finds a lab's name can call it. What nobody serves any
 * more (its lab was killed) refuses connections, and is removed by whoever notices. Names are given, and
 * removed after a last look, with the folder locked: else a name could be removed that was given anew meanwhile.
 */
#include "lab/cli/lab_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lab/run/control.h"
#include "netns/cleanup.h"

enum {
	NUMBERS_MOST = 99,
	OWN_NAME_SIZE = 20, /* ".new.PID" */
};

int lab_name_check(const char *name, struct lab_err *err)
{
	size_t len = strlen(name);

	if (len && len < LAB_NAME_SIZE && *name != '.' && *name != '-' &&
	    !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			       "._-")])
		return 0;
	return lab_err_set(err, EINVAL,
			   "'%.100s' is no name for a lab; expected at most %d letters, digits and ._-",
			   name, LAB_NAME_SIZE - 1);
}

/* Where it would be; nobody has looked whether it is. */
static int dir_name(char *buf, size_t size, struct lab_err *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	char own[64];
	int n;

	snprintf(own, sizeof(own), "/run/user/%u", geteuid());
	if (runtime && *runtime == '/')
		n = snprintf(buf, size, "%s/nslab", runtime);
	else if (!geteuid())
		n = snprintf(buf, size, "/run/nslab");
	else if (!stat(own, &st) && st.st_uid == geteuid())
		n = snprintf(buf, size, "%s/nslab", own);
	else
		n = snprintf(buf, size, "/tmp/nslab-%u", geteuid());
	/* a socket's address is short, and the folder is only its beginning */
	if (n < 0 || (size_t)n + 1 + OWN_NAME_SIZE > sizeof(((struct sockaddr_un *)0)->sun_path)) {
		lab_err_set(err, ENAMETOOLONG, "the runtime directory's name is too long: %s",
			    runtime ?: buf);
		lab_err_fix(err, "set XDG_RUNTIME_DIR to a shorter one that is yours");
		return -ENAMETOOLONG;
	}
	return 0;
}

/* The folder; @make it if it is not there. 0, -ENOENT, or -errno with words. */
static int dir_find(bool make, char *buf, size_t size, struct lab_err *err)
{
	struct stat st;
	int ret = dir_name(buf, size, err);

	if (ret < 0)
		return ret;
	if (make && mkdir(buf, 0700) < 0 && errno != EEXIST) {
		lab_err_set(err, errno, "cannot make the folder %s", buf);
		lab_err_fix(err, "set XDG_RUNTIME_DIR to a directory that is yours");
		return -err->code;
	}
	if (lstat(buf, &st) < 0)
		return lab_err_set(err, errno, "cannot look at %s", buf);
	if (S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077))
		return 0;
	lab_err_set(err, EPERM, "%s is not a folder that only you can open", buf);
	lab_err_fix(err, "look who made it; then remove it, or set XDG_RUNTIME_DIR");
	return -EPERM;
}

/* false: together they are too long */
static bool address_set(struct sockaddr_un *address, const char *dir, const char *name)
{
	size_t n = strlen(dir), len = strlen(name);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n + 1 + len >= sizeof(address->sun_path))
		return false;
	memcpy(address->sun_path, dir, n);
	address->sun_path[n] = '/';
	memcpy(address->sun_path + n + 1, name, len);
	return true;
}

/* Call the lab at @address; a connected socket or -errno. Never waits: a full queue is EAGAIN. */
static int call(const struct sockaddr_un *address, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), code;

	if (fd < 0)
		return -errno;
	/* only the connect() would wait for as long as a lab that is stopped does not accept */
	if (connect(fd, (const struct sockaddr *)address, len) == 0 && fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	code = errno;
	close(fd);
	return -code;
}

/* Until the descriptor is closed nobody else gives or removes a name; -1 if that cannot be had */
static int dir_lock(const char *dir)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = -1;

	while (fd >= 0 && (ret = flock(fd, LOCK_EX)) < 0 && errno == EINTR)
		;
	return ret < 0 ? -1 : TAKE_FD(fd);
}

static int stale_remove(const char *dir, const struct sockaddr_un *address)
{
	_cleanup_close_ int lock = dir_lock(dir);
	int fd = call(address, sizeof(*address));

	if (fd == -ECONNREFUSED && lock >= 0)
		unlink(address->sun_path);
	return fd;
}

static int call_in(const char *dir, const char *name)
{
	struct sockaddr_un address;
	int fd;

	if (!address_set(&address, dir, name))
		return -ENOENT;
	fd = call(&address, sizeof(address));
	return fd == -ECONNREFUSED ? stale_remove(dir, &address) : fd;
}

bool lab_stands(const char *name)
{
	char dir[108];
	int fd = dir_find(false, dir, sizeof(dir), NULL);

	fd = fd < 0 ? fd : call_in(dir, name);
	if (fd < 0)
		return fd == -EAGAIN;
	close(fd);
	return true;
}

void lab_forget(const char *name)
{
	lab_stands(name);
}

static int name_link(const char *dir, const char *own, const char *path)
{
	_cleanup_close_ int lock = dir_lock(dir);

	if (lock < 0)
		return -errno;
	return link(own, path) < 0 ? -errno : 0;
}

/* Give what is bound at @own the name @name, unless that is taken by a lab that stands. */
static int name_take(const char *dir, const char *own, const char *name)
{
	struct sockaddr_un address;

	if (!address_set(&address, dir, name))
		return -ENAMETOOLONG;
	for (int i = 0; i < 3; i++) {
		int ret = name_link(dir, own, address.sun_path);

		if (ret != -EEXIST)
			return ret;
		if (lab_stands(name))
			return -EEXIST;
	}
	return -EEXIST;
}

static int publish_as(const char *dir, const char *own, const char *name, bool numbered,
		      char *ret_name)
{
	int ret = -EEXIST;

	for (int i = 1; i <= (numbered ? NUMBERS_MOST : 1) && ret == -EEXIST; i++) {
		if (i == 1)
			snprintf(ret_name, LAB_NAME_SIZE, "%s", name);
		else
			snprintf(ret_name, LAB_NAME_SIZE, "%.*s-%u", LAB_NAME_SIZE - 12, name,
				 (unsigned)i);
		ret = name_take(dir, own, ret_name);
	}
	return ret;
}

int lab_publish(const char *name, bool numbered, char *ret_name, int *ret_fd, struct lab_err *err)
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_un address;
	char dir[108], own[OWN_NAME_SIZE];
	int ret = lab_name_check(name, err);

	ret = ret ?: dir_find(true, dir, sizeof(dir), err);
	if (ret < 0)
		return ret;
	snprintf(own, sizeof(own), ".new.%d", (int)getpid());
	address_set(&address, dir, own);
	unlink(address.sun_path); /* of a process that had our number */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 1) < 0)
		ret = lab_err_set(err, errno, "cannot make the control socket %s",
				  address.sun_path);
	if (ret == 0)
		ret = publish_as(dir, address.sun_path, name, numbered, ret_name);
	unlink(address.sun_path);
	if (ret == -EEXIST) {
		lab_err_set(err, EEXIST, "a lab called %s stands already", name);
		lab_err_fix(err, "nslab down %s, or give this one another name", name);
	} else if (ret < 0 && !err->code) {
		lab_err_set(err, -ret, "cannot publish the lab %s in %s", name, dir);
	}
	*ret_fd = ret < 0 ? -1 : TAKE_FD(fd);
	return ret;
}

/* Left by one who was killed amid lab_publish(): ".new.PID" */
static void remains_remove(const char *dir, const char *name)
{
	struct sockaddr_un address;
	int pid = 0;

	if (sscanf(name, ".new.%d", &pid) != 1 || pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH)
		return;
	if (address_set(&address, dir, name))
		unlink(address.sun_path);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int names_add(struct lab_names *names, const char *name)
{
	char(*list)[LAB_NAME_SIZE] =
		realloc(names->list, ((size_t)names->n + 1) * sizeof(*names->list));

	if (!list)
		return -ENOMEM;
	names->list = list;
	memcpy(names->list[names->n++], name, strlen(name) + 1); /* lab_name_check() */
	return 0;
}

int lab_names(struct lab_names *ret, struct lab_err *err)
{
	char dir[108];
	struct lab_err why = { 0 };
	const struct dirent *entry;
	int code = dir_find(false, dir, sizeof(dir), &why);
	DIR *d;

	*ret = (struct lab_names){ 0 };
	if (code == -ENOENT)
		return 0;
	if (code < 0) {
		*err = why;
		return code;
	}
	d = opendir(dir);
	if (!d)
		return lab_err_set(err, errno, "cannot read %s", dir);
	while (!code && ret->n < LABS_MOST && (entry = readdir(d))) {
		if (*entry->d_name == '.')
			remains_remove(dir, entry->d_name);
		else if (!lab_name_check(entry->d_name, NULL) && lab_stands(entry->d_name))
			code = names_add(ret, entry->d_name);
	}
	closedir(d);
	if (code < 0)
		return lab_err_set(err, ENOMEM, "cannot list the labs");
	if (ret->n)
		qsort(ret->list, (size_t)ret->n, sizeof(*ret->list), name_order);
	return 0;
}

/* The lab in whose host we are: its socket has a name that only this host's network knows. */
static int call_inside(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = CONTROL_INSIDE };

	address.sun_path[0] = '\0';
	return call(&address, offsetof(struct sockaddr_un, sun_path) + sizeof(CONTROL_INSIDE) - 1);
}

/* Without a name the only one is meant. */
static int only_one(char *ret_name, struct lab_err *err)
{
	struct lab_names names;
	int ret = lab_names(&names, err);

	if (ret < 0)
		return ret;
	if (names.n == 1) {
		snprintf(ret_name, LAB_NAME_SIZE, "%s", names.list[0]);
	} else if (!names.n) {
		ret = lab_err_set(err, ENOENT, "no lab stands");
		lab_err_fix(err, "nslab up dial-syn-dropped");
	} else {
		ret = lab_err_set(err, ENOTUNIQ, "%d labs stand: %s, %s%s", names.n, names.list[0],
				  names.list[1], names.n > 2 ? " …" : "");
		lab_err_fix(err, "say which one; 'nslab ps' lists them");
	}
	free(names.list);
	return ret;
}

int lab_connect(const char *name, char *ret_name, struct lab_err *err)
{
	char dir[108], only[LAB_NAME_SIZE] = "";
	int ret = name ? -ECONNREFUSED : call_inside();

	if (ret != -ECONNREFUSED) {
		if (ret_name)
			*ret_name = '\0';
		return ret < 0 ? lab_err_set(err, -ret, "cannot reach the lab that we are in") :
				 ret;
	}
	ret = name ? lab_name_check(name, err) : only_one(only, err);
	if (ret < 0)
		return ret;
	name = name ?: only;
	ret = dir_find(false, dir, sizeof(dir), err);
	ret = ret ?: call_in(dir, name);
	if (ret == -ENOENT || ret == -ECONNREFUSED) {
		*err = (struct lab_err){ 0 };
		lab_err_set(err, ENOENT, "no lab called %s stands", name);
		lab_err_fix(err, "'nslab ps' lists them, 'nslab up' makes one");
		return -ENOENT;
	}
	if (ret < 0)
		return err->code ? ret : lab_err_set(err, -ret, "cannot reach the lab %s", name);
	if (ret_name)
		snprintf(ret_name, LAB_NAME_SIZE, "%s", name);
	return ret;
}
