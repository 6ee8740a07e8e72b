/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs_cause.h"

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
    {"__refrigerator", BT_MS_STOPPED, true},
    {"do_freezer_trap", BT_MS_STOPPED, true},
    {"get_signal", BT_MS_STOPPED, true}, /* a freezer's trap that the compiler put into its caller */
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

/* Returns whether the cause is more than a guess, as all below do. */
static bool cause_of_object(const struct bt_proc_object *o, bool writes, struct bt_sleep how,
			    struct bt_reason *why)
{
	/* A device that is waited for uninterruptibly need be no disk. */
	if (o->aim.target == BT_TARGET_CHARDEV)
		how.iowait = false;
	why->cause = bt_cause_of_aim(o->aim, writes, how);
	if (writes)
		return true;
	if (o->aim.peer && why->cause == BT_MS_IPC) {
		/* Who reads may be owed something, or have nothing to do. */
		why->cause = BT_MS_EVENT;
		return false;
	}
	return o->aim.target != BT_TARGET_INET || !o->doubtful;
}

static bool cause_of_futex(const struct bt_proc_syscall *call, struct bt_sleep how, struct bt_reason *why)
{
	if (how.iowait) {
		why->cause = BT_MS_PAGING;
		return true;
	}
	why->cause = bt_cause_of_futex((uint32_t)call->arg[1], (uint32_t)call->arg[2],
				       call->arg[0] - call->sp < BT_FUTEX_FRAME);
	return why->cause != BT_MS_EVENT;
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
	/* Whether D is I/O, only the function tells. */
	if (e->state == 'D' && *e->wchan)
		return cause_of_function(e, why);
	why->cause = bt_cause_of_kthread(e->state != 'D', false);
	return e->state != 'D';
}

static bool cause_of_fault(const struct bt_evidence *e, struct bt_reason *why)
{
	struct bt_sleep how = {.iowait = e->faults, .uninterruptible = e->state == 'D'};

	why->cause = bt_cause_of_fault(how);
	if (e->faults)
		return true;
	if (*e->wchan)
		return cause_of_function(e, why);
	if (!how.uninterruptible)
		why->cause = BT_MS_UNKNOWN;
	return false;
}

static bool cause_of_call(const struct bt_evidence *e, struct bt_reason *why)
{
	/* iowait is not told; what waits uninterruptibly and is no file does so for its own memory. */
	struct bt_sleep how = {.iowait = e->state == 'D', .uninterruptible = e->state == 'D'};
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
			why->target = e->object_known ? (uint8_t)e->object.aim.target : BT_TARGET_NONE;
			return true;
		}
		if (!e->object_known)
			return cause_of_function(e, why);
		why->object = e->object.ino;
		why->target = (uint8_t)e->object.aim.target;
		if (e->class == BT_SC_COPY && how.uninterruptible) {
			why->cause = BT_MS_DISK;
			return true;
		}
		writes = e->class != BT_SC_READ &&
			 (e->class != BT_SC_COPY || e->object.aim.target == BT_TARGET_INET);
		return cause_of_object(&e->object, writes, how, why);
	}
	switch (e->class) {
	case BT_SC_FUTEX:
		why->object = arg[0];
		why->target = BT_TARGET_FUTEX;
		if (e->gil) {
			why->cause = BT_MS_GIL;
			return true;
		}
		return cause_of_futex(&e->call, how, why);
	case BT_SC_SEMAPHORE:
		why->object = arg[0];
		why->cause = bt_cause_of_class(e->class, true, how);
		return false;
	case BT_SC_SEND:
		why->object = arg[0];
		why->cause = bt_cause_of_class(e->class, true, how);
		return true;
	case BT_SC_RECEIVE:
		why->object = arg[0];
		why->cause = BT_MS_EVENT;
		return false;
	case BT_SC_POLL:
	case BT_SC_SELECT:
		why->cause = bt_cause_of_class(e->class, e->class == BT_SC_POLL ? arg[1] : arg[0], how);
		return why->cause == BT_MS_SLEEP;
	case BT_SC_EPOLL:
		why->fd = (int32_t)arg[0];
		why->cause = bt_cause_of_class(e->class, true, how);
		return false;
	case BT_SC_URING:
	case BT_SC_RESTART:
		why->cause = bt_cause_of_class(e->class, true, how);
		return false;
	case BT_SC_OTHER:
		if (*e->wchan)
			return cause_of_function(e, why);
		how.iowait = false;
		why->cause = bt_cause_of_class(e->class, true, how);
		return false;
	case BT_SC_PATH:
		why->cause = bt_cause_of_class(e->class, true, how);
		return why->cause == BT_MS_DISK;
	default:
		why->cause = bt_cause_of_class(e->class, true, how);
		return true;
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
