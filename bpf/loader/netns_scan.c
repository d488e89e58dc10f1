// SPDX-License-Identifier: Apache-2.0
#include "netns_scan.h"
#include "abi.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define NAMES_MAX 8192

/* The inode of a namespace is reused at once; with the time it was made it is not. */
struct known {
	struct bw_netns netns;
	struct timespec made;
	dev_t device;
	bool seen; /* in this run */
};

struct netns_scan {
	int out;
	int home; /* the namespace that we come back to */
	int count;
	int last; /* found: a directory is read in the same order each time */
	bool full_told;
	struct known known[NAMES_MAX];
};

struct netns_scan *netns_scan_new(int out)
{
	struct netns_scan *scan = calloc(1, sizeof(*scan));

	if (!scan)
		return NULL;
	scan->out = out;
	scan->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (scan->home < 0) {
		log_line(LOG_ERROR, "namer: cannot open /proc/self/ns/net: %s", strerror(errno));
		free(scan);
		return NULL;
	}
	return scan;
}

/* 0 when it cannot be told. */
static __u64 cookie_of(const struct netns_scan *scan, int netns)
{
	__u64 cookie = 0;
	socklen_t size = sizeof(cookie);
	int fd;

	if (setns(netns, CLONE_NEWNET)) {
		log_line(LOG_WARN, "namer: cannot enter a network namespace: %s", strerror(errno));
		return 0;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size))
			cookie = 0;
		close(fd);
	}
	/* To stay in a foreign namespace would keep it alive. */
	if (setns(scan->home, CLONE_NEWNET))
		_exit(1);
	return cookie;
}

static void tell(const struct netns_scan *scan, const struct bw_netns *netns)
{
	if (write(scan->out, netns, sizeof(*netns)) != sizeof(*netns))
		_exit(0); /* the loader is gone */
}

static void forget(struct netns_scan *scan, int index)
{
	scan->known[index].netns.gone = 1;
	tell(scan, &scan->known[index].netns);
	scan->known[index] = scan->known[--scan->count];
}

static int find(struct netns_scan *scan, const char *path)
{
	for (int i = 1; i <= scan->count; i++) {
		int index = (scan->last + i) % scan->count;

		if (strcmp(scan->known[index].netns.path, path) == 0)
			return scan->last = index;
	}
	return -1;
}

static void learn(struct netns_scan *scan, const char *path, int fd, const struct stat *status)
{
	struct known *entry = &scan->known[scan->count];
	__u64 cookie = cookie_of(scan, fd);

	if (!cookie)
		return;
	if (scan->count == NAMES_MAX) {
		if (!scan->full_told)
			log_line(LOG_WARN,
				 "namer: more than %d named namespaces: the others go by no name",
				 NAMES_MAX);
		scan->full_told = true;
		return;
	}
	*entry = (struct known){
	    .netns = {.netns_cookie = cookie, .netns_inode = (__u32)status->st_ino},
	    .made = status->st_ctim,
	    .device = status->st_dev,
	    .seen = true,
	};
	snprintf(entry->netns.path, sizeof(entry->netns.path), "%s", path);
	scan->count++;
	tell(scan, &entry->netns);
}

/* True when the file is no network namespace (yet). */
static bool look_at(struct netns_scan *scan, const char *path)
{
	struct stat status;
	struct statfs filesystem;
	int index = find(scan, path), fd;
	bool is_netns;

	if (stat(path, &status))
		return false;
	if (index >= 0) {
		struct known *entry = &scan->known[index];

		if (entry->device == status.st_dev &&
		    entry->netns.netns_inode == (__u32)status.st_ino &&
		    entry->made.tv_sec == status.st_ctim.tv_sec &&
		    entry->made.tv_nsec == status.st_ctim.tv_nsec) {
			entry->seen = true;
			return false;
		}
		forget(scan, index);
	}
	/* O_NONBLOCK: whatever else lies there must not hold us up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return true;
	is_netns = fstatfs(fd, &filesystem) == 0 && filesystem.f_type == NSFS_MAGIC &&
		   ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
	if (is_netns && fstat(fd, &status) == 0)
		learn(scan, path, fd, &status);
	close(fd);
	return !is_netns;
}

static bool look_through(struct netns_scan *scan, const char *dir)
{
	DIR *handle = opendir(dir);
	struct dirent *entry;
	bool unsettled = false;

	if (!handle)
		return false;
	while ((entry = readdir(handle))) {
		char path[PATH_MAX];
		int length = snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);

		if (entry->d_name[0] == '.' && (!entry->d_name[1] || !strcmp(entry->d_name, "..")))
			continue;
		if (length >= BW_PATH_LEN)
			log_line(LOG_DEBUG, "namer: name too long: %s", path);
		else if (look_at(scan, path))
			unsettled = true;
	}
	closedir(handle);
	return unsettled;
}

bool netns_scan_run(struct netns_scan *scan, const char *const *dirs, int dir_count)
{
	bool unsettled = false;

	for (int i = 0; i < scan->count; i++)
		scan->known[i].seen = false;
	for (int i = 0; i < dir_count; i++) {
		if (look_through(scan, dirs[i]))
			unsettled = true;
	}
	for (int i = scan->count - 1; i >= 0; i--) {
		if (!scan->known[i].seen)
			forget(scan, i);
	}
	return unsettled;
}
