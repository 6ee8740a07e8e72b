/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tui_scene SCENE FRAMES CONFIG [replay]: the dashboard over a made-up host, in a real terminal. Time stands
 * still: after the first FRAMES another one comes when it is asked for (space). CONFIG is the text of a
 * configuration. replay: it is the recording of an hour.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "scenes.h"
#include "strbuf.h"
#include "tui.h"

static const struct {
	const char *name;
	const struct scene *scene;
} scenes[] = {
    {"web", &scene_web},         {"hostile", &scene_hostile}, {"build", &scene_build},
    {"sampled", &scene_sampled}, {"talk", &scene_talk},
};

struct host {
	const struct scene *scene;
	struct bt_collector *collector;
	struct bt_snapshot snapshot;
	struct bt_model *model;
	struct bt_tui *tui;
	bool began;
	bool replay;
	struct bt_tui_playback playback;
	long taken; /* frames */
};

/* What sockets lead to. */
static const struct {
	uint64_t socket;
	struct bt_peer peer;
} peers[] = {
    {7000, {3100, 0, "/run/postgresql/.s.PGSQL.5432"}},
    {7001, {3200, 0, ""}},
    {7002, {3300, 0, "127.0.0.1:6379"}},
    {7003, {0, 0, "192.0.2.1:443"}},
    {7004, {300, 2, "/run/\033[31mlog"}},
};

static void describe(void *context, struct bt_process *p, unsigned int what)
{
	struct host *h = context;
	const struct scene_process *of = scene_find(h->scene, p->identity.pid);

	for (size_t i = 0; what & BT_TUI_DESCRIBE_PEERS && i < sizeof(peers) / sizeof(peers[0]); i++)
		bt_model_peer_set(h->model, peers[i].socket, &peers[i].peer);
	if (!of)
		return;
	if (what & BT_TUI_DESCRIBE_USER)
		p->user = of->user;
	if (what & BT_TUI_DESCRIBE_COMMAND) {
		p->cmdline = of->cmdline;
		p->cgroup = of->cgroup;
		p->container = of->container;
	}
}

/* 1 is not ours, 9001 is gone. */
static int control(const struct bt_identity *of)
{
	return of->pid == 1 ? -EPERM : of->pid == 9001 ? -ESRCH : 0;
}

static int send_signal(void *context, const struct bt_identity *of, int number)
{
	(void)context;
	(void)number;
	return control(of);
}

static int renice(void *context, const struct bt_identity *of, int nice)
{
	(void)context;
	(void)nice;
	return control(of);
}

static void name_object(void *context, const struct bt_process *p, const struct bt_reason *reason,
			struct bt_strbuf *out)
{
	(void)context;
	(void)p;
	if (reason->target == BT_TARGET_FILE)
		bt_strbuf_add(out, "/var/lib/postgresql/\033[31mdata");
	else if (reason->target == BT_TARGET_INET && reason->object == 7002)
		bt_strbuf_add(out, "127.0.0.1:40311 <> 127.0.0.1:6379");
	else if (reason->target == BT_TARGET_INET)
		bt_strbuf_add(out, "10.0.0.7:40312 <> 192.0.2.1:443");
	else if (reason->target == BT_TARGET_UNIX && reason->object == 7000)
		bt_strbuf_add(out, "/run/postgresql/.s.PGSQL.5432");
}

static void limits(void *context, const struct bt_process *p, struct bt_strbuf *out)
{
	(void)context;
	(void)p;
	bt_strbuf_add(out, "0.50 cpus  512 MB of memory  1024 open files");
}

static int save(void *context, const struct bt_strbuf *config, struct bt_strbuf *out)
{
	(void)context;
	bt_strbuf_addf(out, "saved: %zu bytes", config->length);
	return 0;
}

#define HOUR_NS 3600000000000ll

static int64_t time_ns(const struct bt_frame *f)
{
	return f->time_s * 1000000000 + f->time_nsec;
}

static int take_frame(struct host *h, bool unseen)
{
	static const struct bt_tui_host shown = {
	    .host = {"web-07", 12 * 86400 + 4 * 3600, 3.12},
	    .memory_bytes = 24ull << 30,
	    .memory_used_bytes = 15ull << 30,
	    .swap_bytes = 2ull << 30,
	    .pressure = true,
	    .pressure_cpu = 0.12,
	    .pressure_io = 0.03,
	};
	struct bt_tui_frame frame = {.model = h->model, .host = &shown};
	const struct bt_frame *f;
	int err;

	if (h->began)
		bt_model_begin(h->model);
	err = h->collector->ops->read(h->collector, &h->snapshot);
	if (!err)
		err = bt_model_update(h->model, &h->snapshot);
	if (err || !h->began) {
		h->began = true;
		return err;
	}
	f = bt_model_frame(h->model);
	if (!f)
		return -ENOMEM;
	frame.processes = f->processes;
	frame.process_count = f->process_count;
	frame.collector = h->collector->ops->name;
	if (h->replay) {
		frame.playback = &h->playback;
		frame.jumped = !h->taken;
		frame.unseen = unseen;
		h->playback.at_ns = time_ns(f);
		if (!h->playback.from_ns)
			h->playback.from_ns = h->playback.at_ns;
		h->playback.to_ns = h->playback.from_ns + HOUR_NS;
	}
	h->taken++;
	return bt_tui_update(h->tui, &frame);
}

/* Begins once more, up to one frame less: the model cannot go back. */
static int step_back(struct host *h)
{
	long frames = h->taken > 1 ? h->taken - 1 : 1;
	struct bt_model *model;
	int err;

	h->collector->ops->close(h->collector);
	h->collector = NULL;
	err = bt_model_create(&model);
	if (err)
		return err;
	bt_model_destroy(h->model);
	h->model = model;
	h->began = false;
	h->taken = 0;
	err = scene_open(h->scene, &h->collector);
	for (long i = 0; i <= frames && !err; i++)
		err = take_frame(h, i < frames);
	return err;
}

static int play(struct host *h, unsigned int request)
{
	struct bt_tui_playback *p = &h->playback;

	p->playing = request == BT_TUI_PLAY ? !p->playing : p->playing;
	switch (request) {
	case BT_TUI_STEP:
		p->playing = false;
		return take_frame(h, false);
	case BT_TUI_STEP_BACK:
		p->playing = false;
		return step_back(h);
	case BT_TUI_FASTER:
		p->speed *= 2;
		break;
	case BT_TUI_SLOWER:
		p->speed /= 2;
		break;
	case BT_TUI_JUMP:
		p->at_ns = bt_tui_jump_ns(h->tui);
		break;
	default:
		break;
	}
	bt_tui_redraw(h->tui);
	return 0;
}

static int run(struct host *h, long frames)
{
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
	struct signalfd_siginfo info;
	sigset_t set;
	int err = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[1].fd = signalfd(-1, &set, SFD_CLOEXEC);
	for (long i = 0; i <= frames && !err; i++)
		err = take_frame(h, false);
	while (!err) {
		unsigned int request = 0;

		if (poll(fds, 2, -1) < 0)
			err = -errno;
		if (fds[1].revents && read(fds[1].fd, &info, sizeof(info)) == sizeof(info))
			bt_tui_resize(h->tui);
		if (fds[0].revents & POLLHUP)
			break;
		while (fds[0].revents && !err && (request = bt_tui_input(h->tui)) && request != BT_TUI_QUIT)
			err = h->replay                ? play(h, request)
			      : request == BT_TUI_STEP ? take_frame(h, false)
						       : 0;
		if (request == BT_TUI_QUIT)
			break;
	}
	close(fds[1].fd);
	return err;
}

int main(int argc, char **argv)
{
	static const struct bt_tui_ops ops = {describe, send_signal, renice, name_object, limits, save};
	const char *no_colour = getenv("NO_COLOR");
	struct host h = {0};
	struct bt_tui_setup setup = {.ops = &ops, .context = &h};
	char why[128] = "";
	int err;

	setlocale(LC_CTYPE, "");
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		if (argc >= 4 && !strcmp(argv[1], scenes[i].name))
			h.scene = scenes[i].scene;
	if (!h.scene)
		return 2;
	h.replay = argc == 5 && !strcmp(argv[4], "replay");
	h.playback = (struct bt_tui_playback){.speed = 1, .playing = true};
	setup.style.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	setup.style.colour = !(no_colour && *no_colour);
	if (bt_tui_config_parse(&setup.config, argv[3], why, sizeof(why))) {
		fprintf(stderr, "tui_scene: %s\n", why);
		return 2;
	}
	err = scene_open(h.scene, &h.collector);
	if (!err)
		err = bt_model_create(&h.model);
	if (!err)
		err = bt_tui_open(&h.tui, &setup);
	if (!err)
		err = run(&h, strtol(argv[2], NULL, 10));
	bt_tui_close(h.tui);
	bt_model_destroy(h.model);
	bt_snapshot_free(&h.snapshot);
	if (h.collector)
		h.collector->ops->close(h.collector);
	if (err)
		fprintf(stderr, "tui_scene: %s\n", strerror(-err));
	return err != 0;
}
