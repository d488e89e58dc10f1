/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: what the namer told, on its way to the agent. */
#ifndef BW_NAMES_H
#define BW_NAMES_H

#include "abi.h"
#include "outbox.h"
#include <stdbool.h>

#define NAMES_WAITING_MAX 16384

struct names {
	struct bw_netns waiting[NAMES_WAITING_MAX]; /* not sent yet */
	int count;
	bool all_told; /* the names that existed at the start have been told */
	__u64 lost;
};

/* Takes what lies in the pipe; -1 when the namer is gone. */
int names_read(struct names *names, int pipe);

/* Puts what fits. */
void names_send(struct names *names, struct outbox *outbox);

#endif
