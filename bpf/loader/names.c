// SPDX-License-Identifier: Apache-2.0
#include "names.h"
#include "log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void take(struct names *names, const struct bw_netns *netns)
{
	if (netns->netns_cookie == 0) {
		names->all_told = true;
	} else if (names->count < NAMES_WAITING_MAX) {
		names->waiting[names->count++] = *netns;
		log_line(LOG_DEBUG, "netns %s %s (cookie %llu)", netns->path,
			 netns->gone ? "gone" : "there", netns->netns_cookie);
	} else {
		names->lost++;
		log_line(LOG_WARN, "the agent does not read: a name was lost (%llu by now)",
			 names->lost);
	}
}

int names_read(struct names *names, int pipe)
{
	struct bw_netns netns[64];
	ssize_t size;

	/* The namer writes whole structs of less than PIPE_BUF, so whole ones come out. */
	while ((size = read(pipe, netns, sizeof(netns))) > 0) {
		for (size_t i = 0; i < (size_t)size / sizeof(netns[0]); i++)
			take(names, &netns[i]);
	}
	return size == 0 || (errno != EAGAIN && errno != EINTR) ? -1 : 0;
}

void names_send(struct names *names, struct outbox *outbox)
{
	int sent = 0;

	while (sent < names->count && outbox_put(outbox, BW_FRAME_NETNS, &names->waiting[sent],
						 sizeof(names->waiting[sent])))
		sent++;
	names->count -= sent;
	memmove(names->waiting, names->waiting + sent,
		(size_t)names->count * sizeof(names->waiting[0]));
}
