/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs_cause.h"

#include <linux/futex.h>
#include <string.h>

/* Kernel functions that threads wait in, by how their names begin: what is left where the system call is not
 * ours to see. Names change from kernel to kernel, so these are those that have been there for years. */
static const struct {
	const char *prefix;
	uint8_t cause;
	bool sure;
} functions[] = {
    {"hrtimer_nanosleep", BT_MS_SLEEP, true},
    {"do_nanosleep", BT_MS_SLEEP, true},
    {"do_wait", BT_MS_CHILD, true},
    {"kernel_wait4", BT_MS_CHILD, true},
    {"do_sigtimedwait", BT_MS_EVENT, true},
    {"sigsuspend", BT_MS_EVENT, true},
    {"do_signal_stop", BT_MS_STOPPED, true},
    {"ptrace_stop", BT_MS_STOPPED, true},
    {"inet_csk_accept", BT_MS_EVENT, true},
    {"n_tty_read", BT_MS_EVENT, true},
    {"io_schedule", BT_MS_DISK, true},
    {"folio_wait", BT_MS_DISK, true},
    {"wait_on_page", BT_MS_DISK, true},
    {"blk_", BT_MS_DISK, true},
    {"submit_bio_wait", BT_MS_DISK, true},
    {"blkdev_", BT_MS_DISK, true},
    {"jbd2_", BT_MS_DISK, true},
    {"xlog_", BT_MS_DISK, true},
    {"xfs_", BT_MS_DISK, true},
    {"btrfs_", BT_MS_DISK, true},
    {"read_events", BT_MS_DISK, true},
    {"balance_dirty_pages", BT_MS_DISK, true},
    {"rpc_", BT_MS_NETWORK, true},
    {"nfs", BT_MS_NETWORK, true},
    {"flock_lock", BT_MS_LOCK, true},
    {"locks_lock", BT_MS_LOCK, true},
    {"rwsem_", BT_MS_LOCK, true},
    {"__mutex_lock", BT_MS_LOCK, true},
    {"pipe_write", BT_MS_IPC, true},
    {"unix_wait_for_peer", BT_MS_IPC, true},
    {"pipe_read", BT_MS_EVENT, false},
    {"anon_pipe_read", BT_MS_EVENT, false},
    {"unix_stream_read", BT_MS_EVENT, false},
    {"eventfd_read", BT_MS_EVENT, false},
    {"sk_wait_data", BT_MS_NETWORK, false},
    {"wait_woken", BT_MS_NETWORK, false},
    {"futex_", BT_MS_EVENT, false},
    {"ep_poll", BT_MS_EVENT, false},
    {"do_epoll_wait", BT_MS_EVENT, false},
    {"poll_schedule", BT_MS_EVENT, false},
    {"do_select", BT_MS_EVENT, false},
};

bool bt_class_has_object(uint8_t class)
{
	switch (class) {
	case BT_SC_LOCK:
	case BT_SC_FCNTL:
	case BT_SC_READ:
	case BT_SC_WRITE:
	case BT_SC_COPY:
	case BT_SC_FILE:
	case BT_SC_CONNECT:
	case BT_SC_ACCEPT:
		return true;
	default:
		return false;
	}
}

static uint8_t cause_of_file(uint8_t place, bool uninterruptible)
{
	switch (place) {
	case BT_PLACE_REMOTE:
		return BT_MS_NETWORK;
	case BT_PLACE_FUSE:
		return BT_MS_IPC;
	case BT_PLACE_MEMORY:
		return uninterruptible ? BT_MS_LOCK : BT_MS_EVENT;
	default:
		return BT_MS_DISK;
	}
}

/* io: it waits without being interruptible, and pages were read meanwhile. */
static bool cause_of_object(const struct bt_proc_object *o, bool writes, bool uninterruptible,
			    struct bt_reason *why)
{
	switch (o->target) {
	case BT_TARGET_FILE:
	case BT_TARGET_DIRECTORY:
		why->cause = cause_of_file(o->place, uninterruptible);
		return true;
	case BT_TARGET_BLOCKDEV:
		why->cause = BT_MS_DISK;
		return true;
	case BT_TARGET_CHARDEV:
		why->cause = writes ? BT_MS_IPC : BT_MS_EVENT;
		return true;
	case BT_TARGET_INET:
		if (uninterruptible) {
			why->cause = BT_MS_PAGING;
			return true;
		}
		why->cause = writes || o->owed ? BT_MS_NETWORK : BT_MS_EVENT;
		return writes || !o->doubtful;
	default:
		if (uninterruptible && o->peer) {
			/* No block I/O is behind these: their buffer was not in memory. */
			why->cause = BT_MS_PAGING;
			return true;
		}
		if (o->timer) {
			why->cause = BT_MS_SLEEP;
			return true;
		}
		/* Who reads may be owed something, or have nothing to do. */
		why->cause = writes ? BT_MS_IPC : BT_MS_EVENT;
		return writes || !o->peer;
	}
}

static bool cause_of_futex(uint64_t op, uint64_t val, struct bt_reason *why)
{
	why->cause = BT_MS_EVENT;
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		why->cause = BT_MS_LOCK;
		return true;
	case FUTEX_WAIT:
		if ((uint32_t)val != 2)
			return false;
		why->cause = BT_MS_LOCK;
		return true;
	case FUTEX_WAIT_BITSET:
		if ((uint32_t)val == 2 || (uint32_t)val == 3) {
			why->cause = BT_MS_LOCK;
			return true;
		}
		if (val && !(op & FUTEX_PRIVATE_FLAG)) {
			why->cause = BT_MS_CHILD;
			return true;
		}
		return false;
	default:
		return false;
	}
}

/* By the kernel function alone, or by less. */
static bool cause_of_function(const struct bt_evidence *e, struct bt_reason *why)
{
	bool uninterruptible = e->state == 'D';

	for (size_t i = 0; *e->wchan && i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (strncmp(e->wchan, functions[i].prefix, strlen(functions[i].prefix)) != 0)
			continue;
		why->cause = functions[i].cause;
		if (why->cause == BT_MS_DISK && e->faults && !e->call_known)
			why->cause = BT_MS_PAGING;
		return functions[i].sure;
	}
	why->cause = BT_MS_EVENT;
	if (uninterruptible)
		why->cause = e->faults ? BT_MS_PAGING : BT_MS_DISK;
	return false;
}

static bool cause_of_kthread(const struct bt_evidence *e, struct bt_reason *why)
{
	if (e->state == 'D' && *e->wchan)
		return cause_of_function(e, why);
	why->cause = e->state == 'D' ? BT_MS_LOCK : BT_MS_EVENT;
	return e->state != 'D';
}

static bool cause_of_fault(const struct bt_evidence *e, struct bt_reason *why)
{
	if (e->faults) {
		why->cause = BT_MS_PAGING;
		return true;
	}
	if (*e->wchan)
		return cause_of_function(e, why);
	why->cause = e->state == 'D' ? BT_MS_LOCK : BT_MS_UNKNOWN;
	return false;
}

static bool cause_of_call(const struct bt_evidence *e, struct bt_reason *why)
{
	bool uninterruptible = e->state == 'D';
	const uint64_t *arg = e->call.arg;
	bool writes;

	if (bt_class_has_object(e->class)) {
		why->fd = (int32_t)arg[0];
		if (e->class == BT_SC_ACCEPT) {
			why->cause = BT_MS_EVENT;
			return true;
		}
		if (e->class == BT_SC_LOCK || e->class == BT_SC_FCNTL) {
			why->cause = BT_MS_LOCK;
			why->object = e->object_known ? e->object.ino : 0;
			why->target = e->object_known ? e->object.target : BT_TARGET_NONE;
			return true;
		}
		if (!e->object_known)
			return cause_of_function(e, why);
		why->object = e->object.ino;
		why->target = e->object.target;
		if (e->class == BT_SC_COPY && uninterruptible) {
			why->cause = BT_MS_DISK;
			return true;
		}
		writes =
		    e->class != BT_SC_READ && (e->class != BT_SC_COPY || e->object.target == BT_TARGET_INET);
		return cause_of_object(&e->object, writes, uninterruptible, why);
	}
	switch (e->class) {
	case BT_SC_PATH:
		why->cause = uninterruptible ? BT_MS_DISK : BT_MS_IPC;
		return true;
	case BT_SC_SYNC:
	case BT_SC_AIO:
		why->cause = BT_MS_DISK;
		return true;
	case BT_SC_FUTEX:
		why->object = arg[0];
		why->target = BT_TARGET_FUTEX;
		if (e->gil) {
			why->cause = BT_MS_GIL;
			return true;
		}
		if (uninterruptible) {
			why->cause = BT_MS_PAGING;
			return true;
		}
		return cause_of_futex(arg[1], arg[2], why);
	case BT_SC_SEMAPHORE:
		why->object = arg[0];
		why->cause = BT_MS_LOCK;
		return false;
	case BT_SC_SLEEP:
		why->cause = BT_MS_SLEEP;
		return true;
	case BT_SC_CHILD:
		why->cause = BT_MS_CHILD;
		return true;
	case BT_SC_SEND:
		why->object = arg[0];
		why->cause = BT_MS_IPC;
		return true;
	case BT_SC_RECEIVE:
		why->object = arg[0];
		why->cause = BT_MS_EVENT;
		return false;
	case BT_SC_EPOLL:
		why->fd = (int32_t)arg[0];
		why->cause = BT_MS_EVENT;
		return false;
	case BT_SC_POLL:
		why->cause = arg[1] ? BT_MS_EVENT : BT_MS_SLEEP;
		return !arg[1];
	case BT_SC_SELECT:
		why->cause = arg[0] ? BT_MS_EVENT : BT_MS_SLEEP;
		return !arg[0];
	case BT_SC_EVENT:
		why->cause = BT_MS_EVENT;
		return true;
	case BT_SC_URING:
	case BT_SC_RESTART:
		why->cause = BT_MS_EVENT;
		return false;
	default:
		if (*e->wchan)
			return cause_of_function(e, why);
		why->cause = uninterruptible ? BT_MS_LOCK : BT_MS_EVENT;
		return false;
	}
}

bool bt_cause_of_evidence(const struct bt_evidence *e, struct bt_reason *why)
{
	*why = (struct bt_reason){.fd = -1, .syscall = -1, .cause = BT_MS_UNKNOWN};
	if (e->state == 'T' || e->state == 't') {
		why->cause = BT_MS_STOPPED;
		return true;
	}
	if (e->kernel_thread)
		return cause_of_kthread(e, why);
	if (!e->call_known)
		return cause_of_function(e, why);
	if (e->call.nr < 0)
		return cause_of_fault(e, why);
	why->syscall = (int16_t)e->call.nr;
	return cause_of_call(e, why);
}
