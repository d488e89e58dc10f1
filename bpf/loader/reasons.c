// SPDX-License-Identifier: Apache-2.0
#include "reasons.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "SKB_DROP_REASON_"

struct hint {
	const char *name;
	__u8 hint;
	bool is_prefix;
};

/* Only reasons that the kernel gives at one place; all others are placed by route and device. */
static const struct hint hints_by_name[] = {
    {"QDISC_", BW_HINT_QDISC, true},
    {"FQ_", BW_HINT_QDISC, true},
    {"CAKE_", BW_HINT_QDISC, true},
    {"DUALPI2_", BW_HINT_QDISC, true},
    {"TC_EGRESS", BW_HINT_QDISC, false},
    {"FULL_RING", BW_HINT_TX, false},
    {"TAP_FILTER", BW_HINT_TX, false},
    {"TAP_TXFILTER", BW_HINT_TX, false},
    {"SKB_GSO_SEG", BW_HINT_TX, false},
    {"NO_TX_TARGET", BW_HINT_TX, false},
    {"XDP", BW_HINT_DEVICE_RX, false},
    {"TC_INGRESS", BW_HINT_DEVICE_RX, false},
    {"CPU_BACKLOG", BW_HINT_DEVICE_RX, false},
    {"UNHANDLED_PROTO", BW_HINT_DEVICE_RX, false},
    {"PFMEMALLOC", BW_HINT_DEVICE_RX, false},
    {"BRIDGE_", BW_HINT_DEVICE_RX, true},
    {"VXLAN_", BW_HINT_DEVICE_RX, true},
    {"MAC_", BW_HINT_DEVICE_RX, true},
    {"LOCAL_MAC", BW_HINT_DEVICE_RX, false},
    {"SOCKET_", BW_HINT_SOCKET, true},
    {"TCP_", BW_HINT_SOCKET, true},
    {"PROTO_MEM", BW_HINT_SOCKET, false},
};

static __u8 hint_of(const char *name)
{
	for (size_t i = 0; i < sizeof(hints_by_name) / sizeof(hints_by_name[0]); i++) {
		const struct hint *hint = &hints_by_name[i];

		if (hint->is_prefix ? strncmp(name, hint->name, strlen(hint->name)) == 0
				    : strcmp(name, hint->name) == 0)
			return hint->hint;
	}
	return BW_HINT_NONE;
}

static void add(struct reasons *reasons, __u32 id, const char *name)
{
	struct bw_reason *reason;

	if (reasons->count == REASONS_MAX)
		return;
	reason = &reasons->list[reasons->count++];
	*reason = (struct bw_reason){.id = id};
	snprintf(reason->name, sizeof(reason->name), "%s", name);
}

static void add_members(struct reasons *reasons, const struct btf *kernel,
			const struct btf_type *type)
{
	const struct btf_enum *member = btf_enum(type);

	for (int i = 0; i < btf_vlen(type); i++, member++) {
		const char *name = btf__name_by_offset(kernel, member->name_off);

		if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		name += strlen(PREFIX);
		if (strcmp(name, "MAX") != 0 && strcmp(name, "SUBSYS_MASK") != 0)
			add(reasons, (__u32)member->val, name);
	}
}

/* Open vSwitch has an enum of its own, whose names begin otherwise. */
static void add_openvswitch(struct reasons *reasons, const struct btf *kernel)
{
	int id = btf__find_by_name_kind(kernel, "ovs_drop_reason", BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(kernel, id) : NULL;
	const struct btf_enum *member = type ? btf_enum(type) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++, member++) {
		const char *name = btf__name_by_offset(kernel, member->name_off);

		if (strncmp(name, "OVS_DROP_", 9) == 0 && strncmp(name, "OVS_DROP_MAX", 12) != 0)
			add(reasons, (__u32)member->val, name);
	}
}

int reasons_read(struct reasons *reasons, const struct btf *kernel)
{
	int id = btf__find_by_name_kind(kernel, "skb_drop_reason", BTF_KIND_ENUM);

	reasons->count = 0;
	if (id <= 0)
		return -1;
	add_members(reasons, kernel, btf__type_by_id(kernel, id));
	add_openvswitch(reasons, kernel);
	return reasons->count ? 0 : -1;
}

void reasons_hints(const struct reasons *reasons, __u8 hints[BW_HINTED_REASONS])
{
	for (int i = 0; i < reasons->count; i++) {
		if (reasons->list[i].id < BW_HINTED_REASONS)
			hints[reasons->list[i].id] = hint_of(reasons->list[i].name);
	}
}
