/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Java processes on HotSpot, and where each of their threads says what it waits for (bpf/hotspot.h asks).
 * Only memory is read (process_vm_readv(2)), nothing is attached, nothing runs in the process. What cannot be
 * read is not known.
 */
#ifndef BOUNDTOP_COLLECT_HOTSPOT_H
#define BOUNDTOP_COLLECT_HOTSPOT_H

#include <stdbool.h>
#include <stdint.h>

#include "collector_shared.h"

struct bt_hotspots;

/* 0 or -ENOMEM. */
int bt_hotspots_create(struct bt_hotspots **out);
void bt_hotspots_destroy(struct bt_hotspots *h); /* NULL is fine */

/*
 * Whether HotSpot is in a process: a file called libjvm.so that publishes its layout. It is remembered, and
 * what was known of a process by these numbers is forgotten.
 */
bool bt_hotspot_find(struct bt_hotspots *h, const struct bt_gil_key *key);

/* What there is to say of a thread; what is 0 or false is not known. */
struct bt_hotspot_answer {
	struct bt_java_thread thread; /* without again */
	struct bt_jvm_layout layout;
	bool has_layout;
	uint64_t klass; /* of what it is parked for, as objects have it */
	enum bt_java_class kind;
};

/*
 * The thread that has this number, as it sees it itself, of a process in which HotSpot was found. All threads
 * may have to be read for it, which is done for a twentieth of the time at most.
 */
void bt_hotspot_thread(struct bt_hotspots *h, const struct bt_gil_key *key, int32_t id,
		       struct bt_hotspot_answer *out);

/* Of which kind a class is, as objects of that process have it. */
enum bt_java_class bt_hotspot_class(struct bt_hotspots *h, const struct bt_gil_key *key, uint64_t klass);

#endif
