// SPDX-License-Identifier: Apache-2.0
#include "probes.h"
#include "log.h"

#include "drops.skel.h"
#include "tcp.skel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* The end of what libbpf said last: where a program is refused, the verifier's own words. */
static char last_words[1200];

static int keep_last_words(enum libbpf_print_level level, const char *format, va_list arguments)
{
	static char text[1 << 20];
	int length;

	if (level == LIBBPF_DEBUG)
		return 0;
	length = vsnprintf(text, sizeof(text), format, arguments);
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	/* The verifier's log is one message; what follows only says that loading failed. */
	if (length < 200 && strstr(last_words, "processed "))
		return 0;
	snprintf(last_words, sizeof(last_words), "%s", length > 1000 ? text + length - 1000 : text);
	return 0;
}

static __u64 own_netns_cookie(void)
{
	__u64 cookie = 0;
	socklen_t size = sizeof(cookie);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size))
		cookie = 0;
	close(fd);
	return cookie;
}

/* Whether kfree_skb's tracepoint passes the socket that was to receive the packet (6.11 on). */
static bool has_rx_sk(const struct btf *kernel)
{
	int id = btf__find_by_name_kind(kernel, "btf_trace_kfree_skb", BTF_KIND_TYPEDEF);
	const struct btf_type *type = id > 0 ? btf__type_by_id(kernel, id) : NULL;

	while (type && (btf_is_typedef(type) || btf_is_ptr(type)))
		type = btf__type_by_id(kernel, type->type);
	return type && btf_is_func_proto(type) && btf_vlen(type) >= 5;
}

static int read_kernel(struct probes *probes, struct btf **kernel)
{
	if (geteuid() != 0) {
		log_line(LOG_ERROR, "not root: only root may load the probes");
		return -1;
	}
	*kernel = btf__load_vmlinux_btf();
	if (!*kernel) {
		log_line(LOG_ERROR,
			 "this kernel has no BTF (/sys/kernel/btf/vmlinux): it was built "
			 "without CONFIG_DEBUG_INFO_BTF");
		return -1;
	}
	if (reasons_read(&probes->reasons, *kernel)) {
		log_line(LOG_ERROR,
			 "this kernel gives no drop reasons (enum skb_drop_reason is not in its "
			 "BTF): 5.17 or newer is needed");
		return -1;
	}
	probes->host_netns_cookie = own_netns_cookie();
	if (!probes->host_netns_cookie) {
		log_line(LOG_ERROR,
			 "this kernel gives no SO_NETNS_COOKIE: 5.14 or newer is needed");
		return -1;
	}
	return 0;
}

/* From 6.2 on. */
static bool has_rdonly_cast(const struct btf *kernel)
{
	return btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
}

static void size_drops(struct probes *probes, const struct options *options,
		       const struct btf *kernel)
{
	struct drops *drops = probes->drops_skeleton;
	__u32 slots = options->drop_slots;

	drops->rodata->host_netns_cookie = probes->host_netns_cookie;
	drops->rodata->loads_directly = has_rdonly_cast(kernel) && !options->as_older_kernel;
	drops->rodata->slots_per_cpu = slots;
	drops->rodata->events_per_slot_and_second = options->events_per_slot_and_second;
	reasons_hints(&probes->reasons, (__u8 *)drops->rodata->hint_of_reason);
	bpf_map__set_max_entries(drops->maps.drop_rows, probes->cpus * slots);
	bpf_map__set_max_entries(drops->maps.drop_slots, slots);
	bpf_map__set_max_entries(drops->maps.drop_slot_by_key, 2 * slots);
	bpf_map__set_max_entries(drops->maps.drop_free_slots, slots);
	bpf_map__set_max_entries(drops->maps.drop_cache, probes->cpus * BW_CACHED_SLOTS);
	bpf_program__set_autoload(has_rx_sk(kernel) && !options->as_older_kernel
				      ? drops->progs.kfree_skb_plain
				      : drops->progs.kfree_skb_rx_sk,
				  false);
}

/* The coarse clock moves once a tick. */
static __u32 jiffies_of(__u32 ms)
{
	struct timespec tick = {};

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return tick.tv_nsec ? (__u32)(ms * 1000000ull / (__u64)tick.tv_nsec) : ms / 10;
}

static void size_tcp(struct probes *probes, const struct options *options, const struct btf *kernel)
{
	struct tcp *tcp = probes->tcp_skeleton;
	__u32 slots = options->tcp_slots;
	__u32 shards = probes->cpus < BW_TCP_SHARDS_MAX ? probes->cpus : BW_TCP_SHARDS_MAX;

	tcp->rodata->loads_directly = has_rdonly_cast(kernel) && !options->as_older_kernel;
	tcp->rodata->slots_per_shard = slots;
	tcp->rodata->shards = shards;
	tcp->rodata->stale_after_jiffies = jiffies_of(options->window_ms);
	bpf_map__set_max_entries(tcp->maps.tcp_rows, shards * slots);
	bpf_map__set_max_entries(tcp->maps.tcp_slots, slots);
	bpf_map__set_max_entries(tcp->maps.tcp_slot_by_key, 2 * slots);
	bpf_map__set_max_entries(tcp->maps.tcp_free_slots, slots);
	bpf_map__set_max_entries(tcp->maps.recent_rounds, probes->cpus * BW_RECENT_ROUNDS);
}

static void *map_whole(const struct bpf_map *map)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t value = (bpf_map__value_size(map) + 7) / 8 * 8;
	size_t size = (value * bpf_map__max_entries(map) + page - 1) / page * page;
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (at == MAP_FAILED)
		log_line(LOG_ERROR, "cannot map %s: %s", bpf_map__name(map), strerror(errno));
	return at == MAP_FAILED ? NULL : at;
}

static int map_tables(struct probes *probes, const struct options *options)
{
	struct drops *drops = probes->drops_skeleton;
	struct tcp *tcp = probes->tcp_skeleton;

	probes->drops = (struct slot_table){
	    .name = "drops",
	    .slots = map_whole(drops->maps.drop_slots),
	    .rows = map_whole(drops->maps.drop_rows),
	    .row_size = sizeof(struct bw_drop_row),
	    .lanes = probes->cpus,
	    .count = options->drop_slots,
	    .by_key_fd = bpf_map__fd(drops->maps.drop_slot_by_key),
	    .free_fd = bpf_map__fd(drops->maps.drop_free_slots),
	    .epoch = &drops->data->epoch,
	};
	probes->tcp = (struct slot_table){
	    .name = "tcp",
	    .slots = map_whole(tcp->maps.tcp_slots),
	    .rows = map_whole(tcp->maps.tcp_rows),
	    .row_size = sizeof(struct bw_tcp_row),
	    .lanes = tcp->rodata->shards,
	    .count = options->tcp_slots,
	    .by_key_fd = bpf_map__fd(tcp->maps.tcp_slot_by_key),
	    .free_fd = bpf_map__fd(tcp->maps.tcp_free_slots),
	    .epoch = &tcp->data->epoch,
	};
	if (!probes->drops.slots || !probes->drops.rows || !probes->tcp.slots || !probes->tcp.rows)
		return -1;
	if (slot_table_init(&probes->drops) || slot_table_init(&probes->tcp)) {
		log_line(LOG_ERROR, "cannot fill the tables of slots: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/* `error` as libbpf returned it, negative. */
static int refuse(const char *what, int error)
{
	if (error == -EPERM)
		log_line(LOG_ERROR,
			 "not allowed to load the %s probe: root without CAP_BPF and CAP_PERFMON "
			 "(a container?) or a locked-down kernel",
			 what);
	else
		log_line(LOG_ERROR, "this kernel refuses the %s probe: %s", what, last_words);
	return -1;
}

int probes_load(struct probes *probes, const struct options *options)
{
	struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct btf *kernel = NULL;
	int error;

	libbpf_set_print(keep_last_words);
	probes->cpus = (__u32)libbpf_num_possible_cpus();
	/* Before 5.11 maps counted as locked memory. */
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	if (read_kernel(probes, &kernel)) {
		btf__free(kernel);
		return -1;
	}
	probes->drops_skeleton = drops__open();
	probes->tcp_skeleton = tcp__open();
	if (!probes->drops_skeleton || !probes->tcp_skeleton)
		return refuse("drops or tcp", -errno);
	size_drops(probes, options, kernel);
	size_tcp(probes, options, kernel);
	btf__free(kernel);
	error = drops__load(probes->drops_skeleton);
	if (error)
		return refuse("drops", error);
	probes->prefix_fd = bpf_map__fd(probes->drops_skeleton->maps.prefix_trie);
	probes->events_fd = bpf_map__fd(probes->drops_skeleton->maps.drop_events);
	error = bpf_map__reuse_fd(probes->tcp_skeleton->maps.prefix_trie, probes->prefix_fd);
	if (!error)
		error = tcp__load(probes->tcp_skeleton);
	return error ? refuse("tcp", error) : map_tables(probes, options);
}

int probes_attach(struct probes *probes)
{
	int error = drops__attach(probes->drops_skeleton);

	if (error)
		return refuse("drops", error);
	error = tcp__attach(probes->tcp_skeleton);
	return error ? refuse("tcp", error) : 0;
}

void probes_tick(struct probes *probes, __u32 second)
{
	__atomic_store_n(&probes->drops_skeleton->data->second, second, __ATOMIC_RELAXED);
}

void probes_set_prefixes(struct probes *probes, __u32 count)
{
	struct tcp *tcp = probes->tcp_skeleton;

	__atomic_store_n(&probes->drops_skeleton->bss->prefixes, count, __ATOMIC_SEQ_CST);
	__atomic_store_n(&tcp->bss->prefixes, count, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&tcp->data->epoch, 1, __ATOMIC_SEQ_CST);
}

static __u64 skipped_runs(const struct bpf_object *object)
{
	struct bpf_program *program;
	__u64 skipped = 0;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
			skipped += info.recursion_misses;
	}
	return skipped;
}

__u64 probes_loss(const struct probes *probes, enum bw_loss_cause cause)
{
	if (cause == BW_LOSS_RECURSION)
		return skipped_runs(probes->drops_skeleton->obj) +
		       skipped_runs(probes->tcp_skeleton->obj);
	return __atomic_load_n(&probes->drops_skeleton->bss->loss[cause], __ATOMIC_RELAXED) +
	       __atomic_load_n(&probes->tcp_skeleton->bss->loss[cause], __ATOMIC_RELAXED);
}
