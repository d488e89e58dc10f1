/* SPDX-License-Identifier: Apache-2.0 */
/* windows.h: closes windows at aligned wall-clock times and sends the rows that changed. */
#ifndef BW_WINDOWS_H
#define BW_WINDOWS_H

#include "outbox.h"
#include "probes.h"

struct windows {
	__u64 length_ns;
	__u64 sequence;
	__u64 start_ns; /* of the window that is open, aligned; Unix time as all here */
	__u64 watched_from_ns;
	__u64 lost_events; /* that found no room on their way to the agent */
	__u64 put_off;	   /* windows that found no room, and were sent with the next */
};

/* Opens the window that holds the time of the attach. */
void windows_begin(struct windows *windows, __u64 attached_ns, __u32 window_ms);

/* When the open window ends. */
__u64 windows_end(const struct windows *windows);

/*
 * Sends the open window, which ends at end_ns, and opens the next; or, when the agent has not read
 * enough to make room, leaves it open and returns false: the next then covers both, nothing is
 * lost.
 */
bool windows_close(struct windows *windows, struct probes *probes, struct outbox *outbox,
		   __u64 end_ns, __u64 now_ns);

/* Begins anew at the new time; what was counted since the last window goes into the next. */
void windows_clock_was_set(struct windows *windows, __u64 now_ns);

/* The most that one window can take, should every slot have changed. */
size_t windows_most_bytes(const struct probes *probes);

/* Zeroes what lies behind the name's end, and looks up a name that the probe did not have. */
void windows_name_device(struct bw_subject *subject, __u64 host_netns_cookie);

#endif
