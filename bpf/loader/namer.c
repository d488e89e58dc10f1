// SPDX-License-Identifier: Apache-2.0
#include "namer.h"
#include "log.h"
#include "netns_scan.h"
#include "privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* `ip netns add` makes the file first and mounts the namespace on it a little later. */
#define SETTLE_MS 10
#define SETTLE_TRIES 100
#define POLL_MS 1000

#define WATCHED (IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_ONLYDIR)

/*
 * Watches the directory, or the nearest one above it that exists: the first `ip netns add` on a
 * host makes /run/netns itself. False when the next one down was made meanwhile, which gave no
 * event.
 */
static bool watch_nearest(int inotify, const char *dir)
{
	char path[4096], *slash;
	struct stat status;

	snprintf(path, sizeof(path), "%s", dir);
	while (inotify_add_watch(inotify, path, WATCHED) < 0) {
		slash = strrchr(path, '/');
		if (!slash || slash == path)
			return true; /* nothing to watch: the poll must do */
		*slash = '\0';
	}
	if (strcmp(path, dir) == 0)
		return true;
	path[strlen(path)] = '/';
	return stat(path, &status) != 0; /* access() would look without our capabilities */
}

static void watch_all(int inotify, const struct options *options)
{
	for (int i = 0; i < options->netns_dir_count; i++) {
		for (int tries = 0; tries < 8; tries++) {
			if (watch_nearest(inotify, options->netns_dirs[i]))
				break;
		}
	}
}

static void drain(int inotify)
{
	char events[4096];

	while (read(inotify, events, sizeof(events)) > 0)
		;
}

static _Noreturn void run(const struct options *options, int out)
{
	struct netns_scan *scan = netns_scan_new(out);
	int inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct bw_netns all_told = {};
	int tries = 0;
	bool first = true;

	if (!scan)
		_exit(1);
	for (;;) {
		struct pollfd fds[2] = {{.fd = inotify, .events = POLLIN}, {.fd = out}};
		bool unsettled;

		if (inotify >= 0) {
			drain(inotify);
			watch_all(inotify, options);
		}
		/* Watched first, scanned then: what comes in between is an event. */
		unsettled = netns_scan_run(scan, options->netns_dirs, options->netns_dir_count);
		if (first && write(out, &all_told, sizeof(all_told)) != sizeof(all_told))
			_exit(1);
		first = false;
		tries = unsettled ? tries + 1 : 0;
		if (poll(fds, 2, unsettled && tries < SETTLE_TRIES ? SETTLE_MS : POLL_MS) < 0 &&
		    errno != EINTR)
			_exit(1);
		if (fds[1].revents & (POLLERR | POLLHUP)) /* the loader is gone */
			_exit(0);
		if (fds[0].revents)
			tries = 0;
	}
}

static _Noreturn void be_namer(const struct options *options, int out)
{
	const __u64 keep = 1ull << CAP_SYS_ADMIN | 1ull << CAP_DAC_READ_SEARCH;
	char given_up[2048], kept[256];

	/* The terminal's Ctrl-C goes to all; the loader decides when this one ends. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (privileges_drop(options->uid, options->gid, keep, given_up, sizeof(given_up), kept,
			    sizeof(kept))) {
		log_line(LOG_ERROR, "namer: cannot give up privileges: %s", strerror(errno));
		_exit(1);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* after the change of user, which clears it */
	prctl(PR_SET_NAME, "bellwether-name");
	log_line(
	    LOG_INFO,
	    "namer (pid %d, uid %u) keeps %s, to enter network namespaces for their cookies and to "
	    "open their files",
	    getpid(), options->uid, kept);
	run(options, out);
}

int namer_start(const struct options *options, pid_t *child)
{
	int ends[2];

	if (pipe(ends)) {
		log_line(LOG_ERROR, "cannot make a pipe: %s", strerror(errno));
		return -1;
	}
	*child = fork();
	if (*child < 0) {
		log_line(LOG_ERROR, "cannot start the namer: %s", strerror(errno));
		return -1;
	}
	if (*child == 0) {
		close(ends[0]);
		be_namer(options, ends[1]);
	}
	close(ends[1]);
	return ends[0];
}
