// SPDX-License-Identifier: Apache-2.0
/* flood ADDRESS PORT PORTS SECONDS: datagrams as fast as they go, to PORTS ports in turn. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 64

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to[BATCH] = {};
	struct mmsghdr messages[BATCH] = {};
	char payload[32] = {};
	struct iovec part = {payload, sizeof(payload)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned long sent = 0;
	double end;

	if (argc != 5 || fd < 0) {
		fprintf(stderr, "flood ADDRESS PORT PORTS SECONDS\n");
		return 2;
	}
	for (int i = 0; i < BATCH; i++) {
		to[i].sin_family = AF_INET;
		to[i].sin_port = htons((unsigned short)(atoi(argv[2]) + i % atoi(argv[3])));
		inet_pton(AF_INET, argv[1], &to[i].sin_addr);
		messages[i].msg_hdr.msg_name = &to[i];
		messages[i].msg_hdr.msg_namelen = sizeof(to[i]);
		messages[i].msg_hdr.msg_iov = &part;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (end = now() + atof(argv[4]); now() < end;) {
		int count = sendmmsg(fd, messages, BATCH, 0);

		if (count > 0)
			sent += (unsigned long)count;
	}
	printf("%lu\n", sent);
	return 0;
}
