// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the errno says of which kind the reason is. A refusal (EPERM, EACCES) is
 * somebody's policy, ENOSPC a limit, EROFS a read-only /proc/sys; a library that met them has mostly
 * left a fix of its own. Anything else means that the kernel does not know the feature, and then its
 * module, or the package that brings it, is the answer.
 */
#include "lab/doctor/fix.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <string.h>

#include "netns/cleanup.h"
#include "netns/sandbox.h"

/* What brings the modules of the running kernel, where they are not there already. */
static const struct package {
	const char *distro;
	const char *text;
} packages[] = {
	{ "ubuntu", "apt install linux-modules-extra-$(uname -r)" },
	{ "debian",
	  "apt install linux-image-$(dpkg --print-architecture) and reboot: a cloud kernel has fewer" },
	{ "fedora", "dnf install kernel-modules-$(uname -r) kernel-modules-extra-$(uname -r)" },
	{ "rhel", "dnf install kernel-modules-$(uname -r) kernel-modules-extra-$(uname -r)" },
	{ "suse", "zypper install kernel-default and reboot: kernel-default-base has fewer" },
	{ "alpine", "apk add linux-lts and reboot: linux-virt has fewer" },
};

static void add(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void add(char *buf, size_t size, const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + used, size - used, fmt, ap);
	va_end(ap);
}

static void add_package(char *buf, size_t size, const struct system *sys)
{
	for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
		if (!strstr(sys->distro, packages[i].distro))
			continue;
		add(buf, size, "; if it is not found: %s", packages[i].text);
		return;
	}
}

static void fix_module(const struct system *sys, const struct probe *probe, char *buf, size_t size)
{
	if (!sys->takes_modules) {
		add(buf, size, "this kernel takes no modules: boot one that is built with %s",
		    probe->config);
		return;
	}
	if (sys->container[0] && probe->modules) {
		add(buf, size, "on the host of the container: modprobe -a %s (%s)", probe->modules,
		    probe->config);
		return;
	}
	if (!probe->modules) {
		add(buf, size, "boot a kernel that is built with %s", probe->config);
		return;
	}
	add(buf, size, "modprobe -a %s (%s)", probe->modules, probe->config);
	if (!sys->has_modules)
		add(buf, size,
		    "; /lib/modules/%s is not there: if the kernel was updated, reboot first",
		    sys->kernel);
	add_package(buf, size, sys);
}

static bool is_refusal(int code)
{
	return code == EPERM || code == EACCES;
}

static bool is_about_memory_or_limits(int code)
{
	return code == ENOMEM || code == EMFILE || code == ENFILE || code == ENOBUFS;
}

/* Without CAP_SETFCAP root may not be mapped into a user namespace (Linux 5.12). */
static bool root_unmappable(const struct system *sys, const struct lab_err *err)
{
	return sys->uid == 0 && !sys->root_here && err->code == EPERM &&
	       !(sys->caps & 1ull << CAP_SETFCAP);
}

/* sandbox_blocker() sends to us whom it cannot tell more. */
static void cut_reference(char *text)
{
	char *self = strstr(text, "; 'nslab doctor'");

	if (self)
		*self = '\0';
}

static void fix_refusal(const struct system *sys, const struct lab_err *err, char *buf, size_t size)
{
	if (root_unmappable(sys, err) && strstr(err->msg, "into a user namespace"))
		snprintf(buf, size,
			 "this root has no capabilities, and root without CAP_SETFCAP may not be mapped: run nslab as an ordinary user, or give it SYS_ADMIN, NET_ADMIN and NET_RAW (docker run --cap-add)");
	else if (err->code == EINVAL && strstr(err->msg, "mounts private"))
		snprintf(buf, size,
			 "the root directory is no mount point, as in a chroot: mount --bind DIR DIR before chroot DIR");
	else if (err->code == ENOENT && strstr(err->msg, "/proc/"))
		snprintf(buf, size, "mount -t proc proc /proc");
	else if (err->fix[0])
		snprintf(buf, size, "%s", err->fix);
	else
		sandbox_blocker(err->code, buf, size);
	cut_reference(buf);
}

const char *fix_text(const struct system *sys, const struct probe *probe, const struct lab_err *err,
		     char *buf, size_t size)
{
	buf[0] = '\0';
	if (err->code == ETIMEDOUT || err->code == ECHILD || err->code == ENODATA)
		snprintf(buf, size, "%s", err->fix);
	else if (probe->bit == NEED_NAMESPACES || is_refusal(err->code) || err->code == ENOSPC)
		fix_refusal(sys, err, buf, size);
	else if (is_about_memory_or_limits(err->code))
		snprintf(buf, size, "%s",
			 err->fix[0] ?
				 err->fix :
				 "memory or a limit of this process ran out: ulimit -n, ulimit -l, the container's memory");
	else if (err->code == EROFS || (!probe->config && err->fix[0]))
		snprintf(buf, size, "%s", err->fix);
	else if (probe->config)
		fix_module(sys, probe, buf, size);
	if (probe->fix)
		add(buf, size, "%s%s", buf[0] ? "; or: " : "", probe->fix);
	return buf;
}
