// SPDX-License-Identifier: Apache-2.0
/*
 * main.c: loads the probes, waits for the agent, attaches, gives up its privileges, and then
 * carries what the kernel counts to the agent, window by window, until one of them ends.
 */
#include "agent.h"
#include "clock.h"
#include "log.h"
#include "names.h"
#include "namer.h"
#include "options.h"
#include "prefixes.h"
#include "privileges.h"
#include "probes.h"
#include "windows.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS_EVERY_MS 100
#define NAMES_WITHIN_MS 2000
#define GOODBYE_WITHIN_MS 5000
#define OUTBOX_LEAST (1u << 20)

static struct loader {
	struct options options;
	struct probes probes;
	struct windows windows;
	struct outbox outbox;
	struct names names;
	struct prefixes prefixes;
	struct agent agent;
	struct ring_buffer *events;
	pid_t namer;
	int names_fd;
	int signals_fd;
	int timer_fd;
} loader;

/* Turns the clock's time into Unix time and passes the event on, as long as half of the room is
 * left. */
static int on_event(void *context, void *data, size_t size)
{
	struct bw_ring_event record;

	(void)context;
	if (size < sizeof(record) || outbox_room(&loader.outbox) < loader.outbox.max / 2) {
		loader.windows.lost_events++;
		return 0;
	}
	memcpy(&record, data, sizeof(record));
	record.event.time_unix_ns =
	    record.time_monotonic_ns + clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	windows_name_device(&record.event.subject, loader.probes.host_netns_cookie);
	outbox_put(&loader.outbox, BW_FRAME_DROP_EVENT, &record.event, sizeof(record.event));
	return 0;
}

static int watch_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Waits for the agent; 1: asked to end before it came. */
static int accept_agent(void)
{
	int listener = agent_listen(&loader.options);
	struct pollfd fds[2] = {{.fd = listener, .events = POLLIN},
				{.fd = loader.signals_fd, .events = POLLIN}};

	if (listener < 0)
		return -1;
	log_line(LOG_INFO, "waits for the agent at %s", loader.options.socket_path);
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	loader.agent.fd = fds[1].revents ? -1 : accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	unlink(loader.options.socket_path);
	if (fds[1].revents)
		return 1;
	if (loader.agent.fd < 0)
		log_line(LOG_ERROR, "cannot accept the agent: %s", strerror(errno));
	return loader.agent.fd < 0 ? -1 : 0;
}

/* Before 5.19 each bpf() call needs CAP_BPF where unprivileged BPF is off, even on open maps. */
static __u64 capabilities_needed(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	return major > 5 || (major == 5 && minor >= 19) ? 0 : 1ull << CAP_BPF;
}

static int become_ordinary(void)
{
	__u64 keep = capabilities_needed();
	char given_up[2048], kept[256];

	if (privileges_drop(loader.options.uid, loader.options.gid, keep, given_up,
			    sizeof(given_up), kept, sizeof(kept))) {
		log_line(LOG_ERROR, "cannot give up privileges: %s", strerror(errno));
		return -1;
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	log_line(LOG_INFO, "is uid %u now, keeps %s%s, gave up %s", loader.options.uid, kept,
		 keep ? " (this kernel wants it to read open maps)" : "", given_up);
	return 0;
}

static void say_hello(__u64 attached_ns)
{
	struct utsname name;
	struct bw_hello hello = {
	    .host_netns_cookie = loader.probes.host_netns_cookie,
	    .start_unix_ns = attached_ns,
	    .cpus = loader.probes.cpus,
	    .window_ms = loader.options.window_ms,
	};

	uname(&name);
	snprintf(hello.kernel_release, sizeof(hello.kernel_release), "%s", name.release);
	outbox_put(&loader.outbox, BW_FRAME_HELLO, &hello, sizeof(hello));
	for (int i = 0; i < loader.probes.reasons.count; i++)
		outbox_put(&loader.outbox, BW_FRAME_REASON, &loader.probes.reasons.list[i],
			   sizeof(loader.probes.reasons.list[i]));
}

/* The names that exist already stand before the first window. */
static void await_names(void)
{
	__u64 until = clock_ns(CLOCK_MONOTONIC) + NAMES_WITHIN_MS * 1000000ull;
	struct pollfd fd = {.fd = loader.names_fd, .events = POLLIN};

	while (!loader.names.all_told && clock_ns(CLOCK_MONOTONIC) < until) {
		poll(&fd, 1, 50);
		if (names_read(&loader.names, loader.names_fd))
			break;
	}
	if (!loader.names.all_told)
		log_line(LOG_WARN, "not all names of network namespaces are known yet");
	names_send(&loader.names, &loader.outbox);
}

static void set_timer(void)
{
	__u64 at = windows_end(&loader.windows), now = clock_ns(CLOCK_REALTIME);
	struct itimerspec when = {};

	/* A window that was put off is tried again at the next aligned time. */
	if (at <= now)
		at = (now / loader.windows.length_ns + 1) * loader.windows.length_ns;
	when.it_value.tv_sec = (time_t)(at / 1000000000ull);
	when.it_value.tv_nsec = (long)(at % 1000000000ull);
	timerfd_settime(loader.timer_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL);
}

static void on_timer(void)
{
	__u64 expirations, now = clock_ns(CLOCK_REALTIME);
	__u64 end = now / loader.windows.length_ns * loader.windows.length_ns;

	if (read(loader.timer_fd, &expirations, sizeof(expirations)) < 0) {
		if (errno == ECANCELED)
			windows_clock_was_set(&loader.windows, now);
	} else if (end > loader.windows.start_ns &&
		   windows_close(&loader.windows, &loader.probes, &loader.outbox, end, now)) {
		slot_table_free_idle(&loader.probes.drops, loader.options.idle_windows);
		slot_table_free_idle(&loader.probes.tcp, loader.options.idle_windows);
	}
	set_timer();
}

static int prepare(void)
{
	loader.signals_fd = watch_signals();
	/* The namer first: it must not inherit the probes, which live as long as someone holds
	 * them. */
	loader.names_fd = geteuid() == 0 ? namer_start(&loader.options, &loader.namer) : -1;
	if (probes_load(&loader.probes, &loader.options) || loader.names_fd < 0)
		return -1;
	fcntl(loader.names_fd, F_SETFL, O_NONBLOCK);
	loader.outbox.max = 2 * windows_most_bytes(&loader.probes);
	if (loader.outbox.max < OUTBOX_LEAST)
		loader.outbox.max = OUTBOX_LEAST;
	return 0;
}

static int begin(void)
{
	__u64 attached_ns;

	loader.events = ring_buffer__new(loader.probes.events_fd, on_event, NULL, NULL);
	loader.timer_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!loader.events || loader.timer_fd < 0) {
		log_line(LOG_ERROR, "cannot open the ring of events or a timer: %s",
			 strerror(errno));
		return -1;
	}
	if (probes_attach(&loader.probes))
		return -1;
	attached_ns = clock_ns(CLOCK_REALTIME);
	if (become_ordinary())
		return -1;
	windows_begin(&loader.windows, attached_ns, loader.options.window_ms);
	say_hello(attached_ns);
	await_names();
	set_timer();
	return 0;
}

/* Carries frames until the agent asks to finish (0), a signal does (0), or something is wrong (1).
 */
static int carry(void)
{
	enum { AGENT, SIGNALS, TIMER, EVENTS, NAMES };

	for (;;) {
		struct pollfd fds[] = {
		    [AGENT] = {.fd = loader.agent.fd, .events = POLLIN},
		    [SIGNALS] = {.fd = loader.signals_fd, .events = POLLIN},
		    [TIMER] = {.fd = loader.timer_fd, .events = POLLIN},
		    [EVENTS] = {.fd = ring_buffer__epoll_fd(loader.events), .events = POLLIN},
		    [NAMES] = {.fd = loader.names_fd, .events = POLLIN},
		};

		if (!outbox_is_empty(&loader.outbox))
			fds[AGENT].events |= POLLOUT;
		poll(fds, sizeof(fds) / sizeof(fds[0]), EVENTS_EVERY_MS);
		probes_tick(&loader.probes, (__u32)(clock_ns(CLOCK_MONOTONIC) / 1000000000ull));
		ring_buffer__consume(loader.events);
		if (fds[TIMER].revents)
			on_timer();
		if (fds[NAMES].revents && names_read(&loader.names, loader.names_fd)) {
			log_line(LOG_ERROR, "the namer has ended");
			return 1;
		}
		names_send(&loader.names, &loader.outbox);
		if (fds[AGENT].revents & (POLLIN | POLLHUP | POLLERR)) {
			enum agent_word word =
			    agent_read(&loader.agent, &loader.prefixes, &loader.probes);

			if (word == AGENT_IS_GONE)
				log_line(LOG_WARN, "the agent has closed the socket");
			if (word != AGENT_CONTINUES)
				return word == AGENT_FINISHES ? 0 : 1;
		}
		if (fds[SIGNALS].revents)
			return 0;
		if (outbox_flush(&loader.outbox, loader.agent.fd)) {
			log_line(LOG_WARN, "the agent has closed the socket");
			return 1;
		}
	}
}

/* The last window, sent within a bounded time. */
static void finish(void)
{
	__u64 now = clock_ns(CLOCK_REALTIME), length = loader.windows.length_ns;
	__u64 until = clock_ns(CLOCK_MONOTONIC) + GOODBYE_WITHIN_MS * 1000000ull;
	struct pollfd fd = {.fd = loader.agent.fd, .events = POLLOUT};

	ring_buffer__consume(loader.events);
	windows_close(&loader.windows, &loader.probes, &loader.outbox, (now / length + 1) * length,
		      now);
	while (!outbox_is_empty(&loader.outbox) && clock_ns(CLOCK_MONOTONIC) < until) {
		poll(&fd, 1, 100);
		if (outbox_flush(&loader.outbox, loader.agent.fd))
			return;
	}
	if (!outbox_is_empty(&loader.outbox))
		log_line(LOG_WARN, "the agent did not read the last window within %d ms",
			 GOODBYE_WITHIN_MS);
	close(loader.agent.fd);
}

static int check(void)
{
	struct utsname name;

	if (probes_load(&loader.probes, &loader.options))
		return 1;
	uname(&name);
	printf("kernel %s can run the probes\n", name.release);
	return 0;
}

static int run(void)
{
	int accepted, status;

	if (prepare())
		return 1;
	accepted = accept_agent();
	if (accepted)
		return accepted < 0 ? 1 : 0;
	if (begin())
		return 1;
	status = carry();
	if (status == 0)
		finish();
	return status;
}

int main(int argc, char **argv)
{
	int status;

	if (options_parse(&loader.options, argc, argv))
		return 2;
	if (loader.options.check)
		return check();
	status = run();
	if (loader.namer > 0) {
		close(loader.names_fd);
		waitpid(loader.namer, NULL, 0);
	}
	return status;
}
