// SPDX-License-Identifier: Apache-2.0
#include "windows.h"
#include "log.h"

#include <net/if.h>
#include <string.h>

void windows_begin(struct windows *windows, __u64 attached_ns, __u32 window_ms)
{
	windows->length_ns = window_ms * 1000000ull;
	windows->start_ns = attached_ns / windows->length_ns * windows->length_ns;
	windows->watched_from_ns = attached_ns;
}

__u64 windows_end(const struct windows *windows)
{
	return windows->start_ns + windows->length_ns;
}

void windows_name_device(struct bw_subject *subject, __u64 host_netns_cookie)
{
	size_t length = strnlen(subject->ifname, BW_IFNAME_LEN);
	char name[IF_NAMESIZE];

	memset(subject->ifname + length, 0, BW_IFNAME_LEN - length);
	/* The probe has the name of the device that the packet is at, not of the one it came in by.
	 */
	if (length == 0 && subject->ifindex && subject->netns_cookie == host_netns_cookie &&
	    if_indextoname(subject->ifindex, name))
		strncpy(subject->ifname, name, BW_IFNAME_LEN);
}

static bool is_used(const struct slot_table *table, __u32 slot)
{
	return __atomic_load_n(&table->slots[slot].used, __ATOMIC_ACQUIRE) != 0;
}

/* Whether a value has grown since it was last sent, and remembers it. */
static bool has_grown(struct slot_memory *memory, int which, __u64 value)
{
	bool grown = memory->sent[which] != value;

	memory->sent[which] = value;
	return grown;
}

static void send_drops_of(struct probes *probes, struct outbox *outbox, __u32 slot)
{
	struct slot_table *table = &probes->drops;
	struct slot_memory *memory = &table->memory[slot];
	const struct bw_slot *info = &table->slots[slot];
	struct bw_drops frame = {
	    .subject = info->key.subject,
	    .reason = info->key.reason,
	    .place = info->key.place,
	    .way = info->key.way,
	    .slot = slot,
	    .generation = info->generation,
	};

	for (__u32 cpu = 0; cpu < table->lanes; cpu++) {
		const struct bw_drop_row *row = slot_table_row(table, cpu, slot);

		frame.packets += __atomic_load_n(&row->packets, __ATOMIC_RELAXED);
		frame.bytes += __atomic_load_n(&row->bytes, __ATOMIC_RELAXED);
	}
	memory->idle_windows++;
	if (!has_grown(memory, 0, frame.packets))
		return;
	memory->idle_windows = 0;
	windows_name_device(&frame.subject, probes->host_netns_cookie);
	outbox_put(outbox, BW_FRAME_DROPS, &frame, sizeof(frame));
}

static bool send_counters_of(struct slot_table *table, struct outbox *outbox, __u32 slot)
{
	const struct bw_slot *info = &table->slots[slot];
	struct bw_tcp frame = {
	    .subject = info->key.subject,
	    .slot = slot,
	    .generation = info->generation,
	};
	__u64 sum;

	for (__u32 shard = 0; shard < table->lanes; shard++) {
		const struct bw_tcp_row *row = slot_table_row(table, shard, slot);

		frame.retransmits += __atomic_load_n(&row->retransmits, __ATOMIC_RELAXED);
		for (int i = 0; i < BW_CONNECT_ERRORS; i++)
			frame.connect_failures[i] +=
			    __atomic_load_n(&row->connect_failures[i], __ATOMIC_RELAXED);
	}
	sum = frame.retransmits;
	for (int i = 0; i < BW_CONNECT_ERRORS; i++)
		sum += frame.connect_failures[i];
	if (!has_grown(&table->memory[slot], 0, sum))
		return false;
	outbox_put(outbox, BW_FRAME_TCP, &frame, sizeof(frame));
	return true;
}

static const struct bw_histogram_row *histogram_row(const struct slot_table *table, __u32 shard,
						    __u32 slot, enum bw_histogram_kind kind)
{
	const struct bw_tcp_row *row = slot_table_row(table, shard, slot);

	return kind == BW_HISTOGRAM_TCP_RTT ? &row->rtt : &row->connect;
}

static bool send_histogram_of(struct slot_table *table, struct outbox *outbox, __u32 slot,
			      enum bw_histogram_kind kind)
{
	const struct bw_slot *info = &table->slots[slot];
	struct bw_histogram frame = {
	    .subject = info->key.subject,
	    .slot = slot,
	    .generation = info->generation,
	    .kind = kind,
	};
	__u64 grown = 0;

	for (__u32 shard = 0; shard < table->lanes; shard++) {
		const struct bw_histogram_row *row = histogram_row(table, shard, slot, kind);

		grown += __atomic_load_n(&row->zero_count, __ATOMIC_ACQUIRE) +
			 __atomic_load_n(&row->sum_ns, __ATOMIC_ACQUIRE);
	}
	if (!has_grown(&table->memory[slot], 1 + (int)kind, grown))
		return false;
	for (__u32 shard = 0; shard < table->lanes; shard++) {
		const struct bw_histogram_row *row = histogram_row(table, shard, slot, kind);

		frame.zero_count += __atomic_load_n(&row->zero_count, __ATOMIC_RELAXED);
		frame.sum_ns += __atomic_load_n(&row->sum_ns, __ATOMIC_RELAXED);
		for (int i = 0; i < BW_HISTOGRAM_BUCKETS; i++)
			frame.buckets[i] += __atomic_load_n(&row->buckets[i], __ATOMIC_RELAXED);
	}
	/* The count is that of the buckets read, whatever a CPU adds meanwhile. */
	frame.count = frame.zero_count;
	for (int i = 0; i < BW_HISTOGRAM_BUCKETS; i++)
		frame.count += frame.buckets[i];
	outbox_put(outbox, BW_FRAME_HISTOGRAM, &frame, sizeof(frame));
	return true;
}

static void send_tcp_of(struct probes *probes, struct outbox *outbox, __u32 slot)
{
	struct slot_table *table = &probes->tcp;
	struct slot_memory *memory = &table->memory[slot];
	bool grown = send_counters_of(table, outbox, slot);

	grown |= send_histogram_of(table, outbox, slot, BW_HISTOGRAM_TCP_RTT);
	grown |= send_histogram_of(table, outbox, slot, BW_HISTOGRAM_TCP_CONNECT);
	memory->idle_windows = grown ? 0 : memory->idle_windows + 1;
}

static void sweep(struct probes *probes, struct slot_table *table, struct outbox *outbox,
		  void (*send_of)(struct probes *, struct outbox *, __u32))
{
	table->used = 0;
	for (__u32 slot = 0; slot < table->count; slot++) {
		if (!is_used(table, slot))
			continue;
		table->used++;
		send_of(probes, outbox, slot);
	}
}

static void send_losses(const struct windows *windows, const struct probes *probes,
			struct outbox *outbox)
{
	for (__u32 cause = 0; cause < BW_LOSS_CAUSES; cause++) {
		struct bw_loss loss = {.cause = cause, .count = probes_loss(probes, cause)};

		if (cause == BW_LOSS_EVENT_RING_FULL)
			loss.count += windows->lost_events;
		outbox_put(outbox, BW_FRAME_LOSS, &loss, sizeof(loss));
	}
}

size_t windows_most_bytes(const struct probes *probes)
{
	const size_t header = sizeof(struct bw_frame_header);

	return probes->drops.count * (header + sizeof(struct bw_drops)) +
	       probes->tcp.count *
		   (3 * header + sizeof(struct bw_tcp) + 2 * sizeof(struct bw_histogram)) +
	       BW_LOSS_CAUSES * (header + sizeof(struct bw_loss)) +
	       2 * (header + sizeof(struct bw_window));
}

void windows_clock_was_set(struct windows *windows, __u64 now_ns)
{
	windows->start_ns = now_ns / windows->length_ns * windows->length_ns;
	windows->watched_from_ns = now_ns;
	log_line(LOG_WARN,
		 "the clock was set: what was counted in the open window goes to the next");
}

bool windows_close(struct windows *windows, struct probes *probes, struct outbox *outbox,
		   __u64 end_ns, __u64 now_ns)
{
	__u64 from_ns = windows->watched_from_ns > windows->start_ns ? windows->watched_from_ns
								     : windows->start_ns;
	__u64 until_ns = now_ns < end_ns ? now_ns : end_ns;
	struct bw_window frame = {
	    .sequence = windows->sequence,
	    .start_unix_ns = windows->start_ns,
	    .end_unix_ns = end_ns,
	    .observed_ns = until_ns > from_ns ? until_ns - from_ns : 0,
	};

	if (outbox_room(outbox) < windows_most_bytes(probes)) {
		windows->put_off++;
		log_line(LOG_WARN,
			 "the agent does not read: a window waits for the next (%llu by now)",
			 windows->put_off);
		return false;
	}
	outbox_put(outbox, BW_FRAME_WINDOW_BEGIN, &frame, sizeof(frame));
	sweep(probes, &probes->drops, outbox, send_drops_of);
	sweep(probes, &probes->tcp, outbox, send_tcp_of);
	send_losses(windows, probes, outbox);
	outbox_put(outbox, BW_FRAME_WINDOW_END, &frame, sizeof(frame));
	windows->sequence++;
	windows->start_ns = end_ns;
	return true;
}
