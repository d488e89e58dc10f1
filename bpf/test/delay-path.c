// SPDX-License-Identifier: Apache-2.0
/*
 * delay-path NETNS_A NETNS_B ONE_WAY_US: joins two network namespaces (paths of their files) by a
 * tun device in each, named `delay0`, and hands each packet on exactly so many microseconds after
 * it came. It stands in for netem, which not every kernel has. Prints `ready`; runs until stdin
 * closes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX 2048
#define WAITING_MAX 4096 /* in one direction; more are lost, as on any path */

struct waiting {
	long long due_ns;
	ssize_t size;
	unsigned char bytes[PACKET_MAX];
};

/* The delay is the same for all, so first come is first due. */
struct direction {
	int from, to;
	unsigned int head, count;
	struct waiting queue[WAITING_MAX];
};

static long long delay_ns;

static long long now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static int tun_in(const char *netns)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int file = open(netns, O_RDONLY | O_CLOEXEC);
	int tun;

	if (file < 0 || setns(file, CLONE_NEWNET))
		return -1;
	close(file);
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	strcpy(request.ifr_name, "delay0");
	if (tun < 0 || ioctl(tun, TUNSETIFF, &request))
		return -1;
	return tun;
}

static void take(struct direction *direction)
{
	unsigned char rest[PACKET_MAX];

	for (;;) {
		struct waiting *waiting =
		    &direction->queue[(direction->head + direction->count) % WAITING_MAX];

		if (direction->count == WAITING_MAX) {
			if (read(direction->from, rest, sizeof(rest)) <= 0)
				return;
			continue;
		}
		waiting->size = read(direction->from, waiting->bytes, PACKET_MAX);
		if (waiting->size <= 0)
			return;
		waiting->due_ns = now_ns() + delay_ns;
		direction->count++;
	}
}

/* Hands on what is due; returns when the next will be, or -1. */
static long long hand_on(struct direction *direction)
{
	while (direction->count) {
		struct waiting *first = &direction->queue[direction->head];

		if (first->due_ns > now_ns())
			return first->due_ns;
		if (write(direction->to, first->bytes, (size_t)first->size) < 0 && errno != EIO)
			perror("delay-path: write");
		direction->head = (direction->head + 1) % WAITING_MAX;
		direction->count--;
	}
	return -1;
}

static void carry(struct direction *there, struct direction *back)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = there->from, .events = POLLIN},
				       {.fd = back->from, .events = POLLIN},
				       {.fd = STDIN_FILENO, .events = POLLIN}};
		long long first = hand_on(there), second = hand_on(back);
		long long due = first < 0 || (second >= 0 && second < first) ? second : first;
		long long wait = due < 0 ? 1000000000ll : due - now_ns();
		struct timespec timeout = {.tv_sec = wait > 0 ? wait / 1000000000ll : 0,
					   .tv_nsec = wait > 0 ? wait % 1000000000ll : 0};

		if (ppoll(fds, 3, &timeout, NULL) < 0 && errno != EINTR)
			return;
		if (fds[2].revents)
			return;
		take(there);
		take(back);
	}
}

int main(int argc, char **argv)
{
	static struct direction there, back;

	if (argc != 4) {
		fprintf(stderr, "delay-path NETNS_A NETNS_B ONE_WAY_US\n");
		return 2;
	}
	there.from = back.to = tun_in(argv[1]);
	back.from = there.to = tun_in(argv[2]);
	delay_ns = atoll(argv[3]) * 1000;
	if (there.from < 0 || back.from < 0) {
		perror("delay-path: cannot make the tun devices");
		return 1;
	}
	prctl(PR_SET_TIMERSLACK, 1);
	printf("ready\n");
	fflush(stdout);
	carry(&there, &back);
	return 0;
}
