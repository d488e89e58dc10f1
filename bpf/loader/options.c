// SPDX-License-Identifier: Apache-2.0
#include "options.h"
#include "log.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPTION_SOCKET = 256,
	OPTION_UID,
	OPTION_GID,
	OPTION_WINDOW,
	OPTION_NETNS_DIR,
	OPTION_DROP_SLOTS,
	OPTION_TCP_SLOTS,
	OPTION_EVENTS,
	OPTION_IDLE_WINDOWS,
	OPTION_LEVEL,
	OPTION_CHECK,
	OPTION_OLDER,
	OPTION_HELP
};

static const struct option longs[] = {
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"uid", required_argument, NULL, OPTION_UID},
    {"gid", required_argument, NULL, OPTION_GID},
    {"window-ms", required_argument, NULL, OPTION_WINDOW},
    {"netns-dir", required_argument, NULL, OPTION_NETNS_DIR},
    {"drop-slots", required_argument, NULL, OPTION_DROP_SLOTS},
    {"tcp-slots", required_argument, NULL, OPTION_TCP_SLOTS},
    {"events-per-second", required_argument, NULL, OPTION_EVENTS},
    {"idle-windows", required_argument, NULL, OPTION_IDLE_WINDOWS},
    {"log-level", required_argument, NULL, OPTION_LEVEL},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"as-older-kernel", no_argument, NULL, OPTION_OLDER},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "bellwether-loader --socket PATH --uid N --gid N [options]\n"
    "bellwether-loader --check\n"
    "\n"
    "Attaches the probes, gives up its privileges and writes frames (abi.h) to whoever\n"
    "connects to the socket first.\n"
    "\n"
    "  --socket PATH            unix socket to listen at; removed once the agent is there\n"
    "  --uid N, --gid N         of the agent: owns the socket; the loader becomes it too\n"
    "  --window-ms N            length of a window (5000; 100 to 60000)\n"
    "  --netns-dir DIR          where named network namespaces lie; may be repeated\n"
    "                           (/run/netns, /var/run/docker/netns)\n"
    "  --drop-slots N           rows for drops, on each CPU (4096)\n"
    "  --tcp-slots N            rows for TCP, on each of at most 8 shards (1024)\n"
    "  --events-per-second N    sampled drops of each row (10)\n"
    "  --idle-windows N         windows without a change after which a row is freed (60)\n"
    "  --log-level LEVEL        error, warn, info or debug (info)\n"
    "  --as-older-kernel        does without what kernels 6.2 and 6.11 brought (for tests)\n"
    "  --check                  says in one line whether this kernel can run the probes\n";

/* A whole number within [low, high], or -1 after saying what is wrong. */
static int number(const char *name, __u32 low, __u32 high, __u32 *out)
{
	char *end;
	unsigned long value = strtoul(optarg, &end, 10);

	if (*optarg < '0' || *optarg > '9' || *end || value < low || value > high) {
		log_line(LOG_ERROR, "--%s takes a whole number from %u to %u, not '%s'", name, low,
			 high, optarg);
		return -1;
	}
	*out = (__u32)value;
	return 0;
}

static int apply(struct options *options, int option)
{
	switch (option) {
	case OPTION_SOCKET:
		options->socket_path = optarg;
		return 0;
	case OPTION_UID:
		return number("uid", 0, 0xfffffffe, &options->uid);
	case OPTION_GID:
		return number("gid", 0, 0xfffffffe, &options->gid);
	case OPTION_WINDOW:
		return number("window-ms", 100, 60000, &options->window_ms);
	case OPTION_NETNS_DIR:
		if (options->netns_dir_count == NETNS_DIRS_MAX) {
			log_line(LOG_ERROR, "--netns-dir may be given %d times at most",
				 NETNS_DIRS_MAX);
			return -1;
		}
		options->netns_dirs[options->netns_dir_count++] = optarg;
		return 0;
	case OPTION_DROP_SLOTS:
		return number("drop-slots", 1, 1 << 16, &options->drop_slots);
	case OPTION_TCP_SLOTS:
		return number("tcp-slots", 1, 1 << 16, &options->tcp_slots);
	case OPTION_EVENTS:
		return number("events-per-second", 0, 1 << 20,
			      &options->events_per_slot_and_second);
	case OPTION_IDLE_WINDOWS:
		return number("idle-windows", 2, 1 << 20, &options->idle_windows);
	case OPTION_LEVEL:
		if (log_set_level(optarg) == 0)
			return 0;
		log_line(LOG_ERROR, "--log-level takes error, warn, info or debug, not '%s'",
			 optarg);
		return -1;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case OPTION_OLDER:
		options->as_older_kernel = true;
		return 0;
	case OPTION_HELP:
		fputs(help, stdout);
		exit(0);
	default: /* getopt has said what is wrong */
		return -1;
	}
}

int options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){
	    .uid = (uid_t)-1,
	    .gid = (gid_t)-1,
	    .window_ms = 5000,
	    .drop_slots = 4096,
	    .tcp_slots = 1024,
	    .events_per_slot_and_second = 10,
	    .idle_windows = 60,
	};
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (apply(options, option))
			return -1;
	}
	if (optind < argc) {
		log_line(LOG_ERROR, "'%s' is not an option; see --help", argv[optind]);
		return -1;
	}
	if (options->check)
		return 0;
	if (!options->socket_path || options->uid == (uid_t)-1 || options->gid == (gid_t)-1) {
		log_line(LOG_ERROR, "--socket, --uid and --gid are needed; see --help");
		return -1;
	}
	if (options->netns_dir_count == 0) {
		options->netns_dirs[0] = "/run/netns";
		options->netns_dirs[1] = "/var/run/docker/netns";
		options->netns_dir_count = 2;
	}
	return 0;
}
