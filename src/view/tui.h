/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dashboard: a screen that is fed with frames and keys.
 *
 * It draws on the terminal and keeps what the user chose; it never reads a collector, waits, or touches a
 * process. What needs that, it asks of who runs it (struct bt_tui_ops). One dashboard a program: curses has
 * one screen.
 */
#ifndef BOUNDTOP_TUI_H
#define BOUNDTOP_TUI_H

#include <stdbool.h>
#include <stdint.h>

#include "tui_config.h"
#include "view.h"

struct bt_strbuf;
struct bt_tui;

/* Of the host, for the head. What cannot be had is zero. */
struct bt_tui_host {
	struct bt_host host;
	uint64_t memory_bytes, memory_used_bytes;
	uint64_t swap_bytes, swap_used_bytes;
	bool pressure; /* the kernel has it (PSI) */
	/* Part of the last ten seconds in which some thread was held up, 0..1 */
	double pressure_cpu, pressure_io, pressure_memory;
};

enum bt_tui_describe {
	BT_TUI_DESCRIBE_USER = 1 << 0,
	BT_TUI_DESCRIBE_COMMAND = 1 << 1,
	BT_TUI_DESCRIBE_PEERS = 1 << 2,
};

/* What the dashboard asks of who runs it; context is handed on. */
struct bt_tui_ops {
	/* Fills user; cmdline and cgroup; tells the model who is at the other ends of the sockets that p and
	 * its listed threads wait on: as what says (enum bt_tui_describe). */
	void (*describe)(void *context, struct bt_process *p, unsigned int what);
	/* 0, -ESRCH: that process is gone, or another -Exxx. */
	int (*signal)(void *context, const struct bt_identity *of, int signal);
	int (*renice)(void *context, const struct bt_identity *of, int nice);
	/* Appends the name of what a thread of p waits on (a path, a socket with its peer), raw bytes;
	 * nothing if nobody knows. */
	void (*name_object)(void *context, const struct bt_process *p, const struct bt_reason *r,
			    struct bt_strbuf *out);
	/* Appends what limits p (CPU quota, memory, files), words parted by two spaces; raw bytes. */
	void (*limits)(void *context, const struct bt_process *p, struct bt_strbuf *out);
	/* Keeps the user's choices. 0, or -Exxx and appends why in words. */
	int (*save)(void *context, const struct bt_strbuf *config, struct bt_strbuf *out);
};

struct bt_tui_setup {
	const struct bt_tui_ops *ops;
	void *context;
	struct bt_tui_config config;
	struct bt_style style; /* columns are asked of the terminal */
};

/*
 * Where in a recording the frame lies, and how that is played. It may change while the frame is shown:
 * bt_tui_redraw().
 */
struct bt_tui_playback {
	int64_t from_ns, to_ns; /* CLOCK_REALTIME of the first frame and of the last */
	int64_t at_ns;          /* of the one shown */
	double speed;           /* 1: as fast as it was recorded */
	bool playing;
};

/* What the dashboard is fed with. All of it is the caller's, and stays until the next frame. */
struct bt_tui_frame {
	struct bt_model *model;
	struct bt_process **processes; /* those that are to be seen at all */
	size_t process_count;
	const struct bt_tui_host *host;
	const char *collector;
	const struct bt_tui_playback *playback; /* NULL: it is live, and never becomes a recording */
	bool jumped; /* does not follow the frame before: what is kept of earlier ones begins anew */
	bool unseen; /* is taken in, for what is shown of earlier frames, and not drawn */
};

/* What input asks for. */
enum bt_tui_request {
	BT_TUI_QUIT = 1,
	BT_TUI_STEP,    /* a frame, now; of a recording: the next one, and pause */
	BT_TUI_SUSPEND, /* Ctrl-Z typed where the terminal does not tell */
	/* Of a recording alone. */
	BT_TUI_PLAY,      /* play, or pause */
	BT_TUI_STEP_BACK, /* the frame before, and pause */
	BT_TUI_FASTER,
	BT_TUI_SLOWER,
	BT_TUI_JUMP, /* to bt_tui_jump_ns() */
};

/* Takes the terminal. 0, -ENOMEM, or -ENODEV: it is not known well enough to draw on. */
int bt_tui_open(struct bt_tui **out, const struct bt_tui_setup *setup);
/* Gives the terminal back. NULL is fine. */
void bt_tui_close(struct bt_tui *t);

/* Takes a frame and draws it. 0 or -ENOMEM. */
int bt_tui_update(struct bt_tui *t, const struct bt_tui_frame *frame);
/*
 * Takes up what was typed, up to the first request (enum bt_tui_request), and draws. 0: that was all. After a
 * request there may be more: call it again before you wait.
 */
unsigned int bt_tui_input(struct bt_tui *t);
/* The terminal has another size. */
void bt_tui_resize(struct bt_tui *t);
/* What the frame points to has changed: its playback. */
void bt_tui_redraw(struct bt_tui *t);
/* Gives the terminal to the shell, and takes it again. */
void bt_tui_suspend(struct bt_tui *t);
void bt_tui_resume(struct bt_tui *t);

/* Shows a line at the bottom: until the next key, or as long as nothing else is said there (lasting). */
void bt_tui_say(struct bt_tui *t, const char *text, bool lasting);

uint64_t bt_tui_delay_ns(const struct bt_tui *t);
bool bt_tui_paused(const struct bt_tui *t); /* live */
/* Where to jump: CLOCK_REALTIME, within the recording. */
int64_t bt_tui_jump_ns(const struct bt_tui *t);

#endif
