/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define ID_SHOWN    12 /* digits of an ID, as docker ps and its like show it */
#define ID_MIN      32
#define POD_UID_MIN 32
#define HEX         "0123456789abcdef"

/* A part of a path. */
struct part {
	const char *text;
	size_t length;
};

/* What was found so far, and in which parts of the path. */
struct finding {
	enum bt_container_kind kind;
	const char *engine;
	struct part name; /* as it is in the path */
	bool escaped;     /* by systemd's rules */
	struct part id;   /* of a pod's container; empty = of the pod itself */
};

/* How a scope, or a group of the cgroupfs driver, begins that has the ID of a container behind it. */
static const struct {
	const char *prefix;
	const char *engine;
} prefixes[] = {
    {"docker-", "docker"},
    {"libpod-", "podman"},
    {"cri-containerd-", "containerd"},
    {"containerd-", "containerd"},
    {"nerdctl-", "containerd"},
    {"crio-", "cri-o"},
    /* kubepods-….slice:cri-containerd:ID */
    {"cri-containerd:", "containerd"},
    {"docker:", "docker"},
    {"crio:", "cri-o"},
};

/* The group above that of a container without a prefix. */
static const struct {
	const char *parent;
	const char *engine;
} parents[] = {
    {"docker", "docker"}, {"actions_job", "docker"}, {"buildkit", "buildkit"},
    {"ecs", "ecs"},       {"garden", "garden"},      {"libpod_parent", "podman"},
};

static const char *const unit_suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

static bool part_is(const struct part *p, const char *text)
{
	return strlen(text) == p->length && !memcmp(p->text, text, p->length);
}

static bool cut_prefix(struct part *p, const char *prefix)
{
	size_t length = strlen(prefix);

	if (p->length <= length || memcmp(p->text, prefix, length) != 0)
		return false;
	p->text += length;
	p->length -= length;
	return true;
}

static bool cut_suffix(struct part *p, const char *suffix)
{
	size_t length = strlen(suffix);

	if (p->length <= length || memcmp(p->text + p->length - length, suffix, length) != 0)
		return false;
	p->length -= length;
	return true;
}

/* How many characters at the beginning are of that set. */
static size_t span(const struct part *p, const char *set)
{
	size_t n = 0;

	while (n < p->length && strchr(set, p->text[n]))
		n++;
	return n;
}

static bool is_id(const struct part *p)
{
	return p->length >= ID_MIN && span(p, HEX) == p->length;
}

/* An ID as Amazon's ECS makes it: digits behind it. */
static bool is_task_id(const struct part *p)
{
	size_t hex = span(p, HEX);
	struct part rest = {p->text + hex, p->length - hex};

	return hex >= ID_MIN && cut_prefix(&rest, "-") && span(&rest, "0123456789") == rest.length;
}

/* podUID, kubepods-burstable-podUID.slice, and what of the latter is before a colon. */
static bool pod_find(struct part p, struct finding *f)
{
	bool slice = false;

	for (size_t i = 0; i < p.length && !slice; i++) {
		struct part head = {p.text, i + 1};

		slice = cut_suffix(&head, ".slice");
		if (slice)
			p = head;
	}
	if (slice) {
		/* From the last "-pod". */
		size_t at = p.length;

		while (at >= 4 && memcmp(p.text + at - 4, "-pod", 4) != 0)
			at--;
		if (at < 4)
			return false;
		p.text += at;
		p.length -= at;
	} else if (!cut_prefix(&p, "pod")) {
		return false;
	}
	if (p.length < POD_UID_MIN || span(&p, HEX "-_") != p.length)
		return false;
	*f = (struct finding){.kind = BT_CONTAINER_REAL, .engine = "pod", .name = p};
	return true;
}

/* An ID inside a pod is the pod's container, whatever engine runs it. */
static void container_set(struct finding *f, bool in_pod, const char *engine, const struct part *id)
{
	if (in_pod) {
		f->id = *id;
		return;
	}
	*f = (struct finding){.kind = BT_CONTAINER_REAL, .engine = engine, .name = *id};
}

/* A container by its ID. */
static bool id_find(struct part p, const struct part *parent, struct finding *f)
{
	bool in_pod = f->engine && !strcmp(f->engine, "pod") && !f->id.length;
	const char *engine = "container";

	for (size_t i = p.length; i-- > 0;) {
		/* kubepods-….slice:cri-containerd:ID: the pod comes first. */
		if (p.text[i] == ':' && p.length > 6 && pod_find(p, f)) {
			in_pod = true;
			while (i && p.text[i - 1] != ':')
				i--;
			p.length -= i;
			p.text += i;
			break;
		}
	}
	cut_suffix(&p, ".scope");
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct part id = p;

		if (cut_prefix(&id, prefixes[i].prefix) && is_id(&id)) {
			container_set(f, in_pod, prefixes[i].engine, &id);
			return true;
		}
	}
	if (!is_id(&p) && !is_task_id(&p))
		return false;
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
		if (part_is(parent, parents[i].parent))
			engine = parents[i].engine;
	/* /ecs/TASK/CONTAINER */
	if (f->engine && !strcmp(f->engine, "ecs"))
		engine = f->engine;
	container_set(f, in_pod, engine, &p);
	return true;
}

/* libvirt puts the number of the run between: qemu-3-NAME. */
static void machine_set(struct part p, bool escaped, struct finding *f)
{
	const char *dash = escaped ? "\\x2d" : "-";
	const char *engine = "machine";
	struct part rest = p;

	if (cut_prefix(&rest, "qemu"))
		engine = "qemu";
	else if (cut_prefix(&rest, "lxc"))
		engine = "lxc";
	if (rest.length != p.length && cut_prefix(&rest, dash)) {
		size_t digits = span(&rest, "0123456789");

		rest.text += digits;
		rest.length -= digits;
		if (digits && cut_prefix(&rest, dash))
			p = rest;
		else
			engine = "machine";
	} else {
		engine = "machine";
	}
	*f = (struct finding){.kind = BT_CONTAINER_REAL, .engine = engine, .name = p, .escaped = escaped};
}

/* One by its name: LXC, systemd-nspawn, and what is registered with systemd-machined. */
static bool name_find(struct part p, const struct part *parent, struct finding *f)
{
	struct part name = p;

	if (part_is(parent, "lxc") || part_is(parent, "lxc.payload") || cut_prefix(&name, "lxc.payload.")) {
		*f = (struct finding){.kind = BT_CONTAINER_REAL, .engine = "lxc", .name = name};
		return true;
	}
	if (cut_prefix(&name, "systemd-nspawn@") && cut_suffix(&name, ".service")) {
		*f = (struct finding){
		    .kind = BT_CONTAINER_REAL, .engine = "nspawn", .name = name, .escaped = true};
		return true;
	}
	name = p;
	if (part_is(parent, "machine.slice") && cut_prefix(&name, "machine-") &&
	    cut_suffix(&name, ".scope")) {
		machine_set(name, true, f);
		return true;
	}
	name = p;
	if (cut_suffix(&name, ".libvirt-qemu") || cut_suffix(&name, ".libvirt-lxc")) {
		machine_set(name, false, f);
		return true;
	}
	return false;
}

static void unit_find(struct part p, struct finding *f)
{
	struct part name = p;
	bool unit = false;

	for (size_t i = 0; i < sizeof(unit_suffixes) / sizeof(unit_suffixes[0]) && !unit; i++)
		unit = cut_suffix(&name, unit_suffixes[i]);
	/* Where a manager keeps itself: of a user's one the service says more. */
	if (part_is(&p, "init.scope") && f->kind == BT_CONTAINER_UNIT)
		return;
	if (unit)
		*f = (struct finding){.kind = BT_CONTAINER_UNIT, .name = p, .escaped = true};
	else if (f->kind < BT_CONTAINER_UNIT && cut_suffix(&name, ".slice"))
		*f = (struct finding){.kind = BT_CONTAINER_SLICE, .name = p, .escaped = true};
}

static int hex_value(char c)
{
	const char *at = c ? strchr(HEX, c) : NULL;

	return at ? (int)(at - HEX) : -1;
}

/* systemd writes \x2d for what may not be in the name of a unit (systemd-escape(1)). */
static void add_unescaped(struct bt_strbuf *out, const struct part *p)
{
	for (size_t i = 0; i < p->length; i++) {
		int high = -1, low = -1;

		if (i + 3 < p->length && p->text[i] == '\\' && p->text[i + 1] == 'x') {
			high = hex_value(p->text[i + 2]);
			low = hex_value(p->text[i + 3]);
		}
		if (high >= 0 && low >= 0 && (high || low)) {
			bt_strbuf_add_char(out, (char)(high << 4 | low));
			i += 3;
		} else {
			bt_strbuf_add_char(out, p->text[i]);
		}
	}
}

static void add_id(struct bt_strbuf *out, const struct part *id)
{
	bt_strbuf_add_bytes(out, id->text,
			    is_id(id) || is_task_id(id) ? (id->length < ID_SHOWN ? id->length : ID_SHOWN)
							: id->length);
}

static void add_finding(struct bt_strbuf *out, const struct finding *f)
{
	if (f->engine) {
		bt_strbuf_add(out, f->engine);
		bt_strbuf_add_char(out, ':');
	}
	if (f->escaped) {
		add_unescaped(out, &f->name);
	} else if (f->engine && !strcmp(f->engine, "pod")) {
		for (size_t i = 0; i < f->name.length; i++) {
			char c = f->name.text[i];

			if (c == '_')
				c = '-';
			bt_strbuf_add_char(out, c);
		}
		if (f->id.length) {
			bt_strbuf_add_char(out, '/');
			add_id(out, &f->id);
		}
	} else {
		add_id(out, &f->name);
	}
}

static void find(const char *path, struct finding *f)
{
	struct part parent = {"", 0};
	const char *end = path + strlen(path);
	struct part all = {path, (size_t)(end - path)};

	*f = (struct finding){.kind = BT_CONTAINER_NONE};
	/* The group is gone, and its process is still there. */
	cut_suffix(&all, " (deleted)");
	end = path + all.length;
	for (const char *at = path; at < end;) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		struct part p = {at, (size_t)((slash ? slash : end) - at)};

		at += p.length + 1;
		if (!p.length)
			continue;
		/* Units inside of a container are its own business. */
		if (!id_find(p, &parent, f) && !pod_find(p, f) && !name_find(p, &parent, f) &&
		    f->kind < BT_CONTAINER_REAL)
			unit_find(p, f);
		parent = p;
	}
}

enum bt_container_kind bt_container_name(const char *path, struct bt_strbuf *out)
{
	struct finding f;

	find(path, &f);
	if (f.kind != BT_CONTAINER_NONE)
		add_finding(out, &f);
	return f.kind;
}

enum bt_container_kind bt_container_of_cgroups(const char *const *lines, struct bt_strbuf *out)
{
	struct finding best = {.kind = BT_CONTAINER_NONE};

	for (const char *const *l = lines; l && *l; l++) {
		const char *controllers = strchr(*l, ':');
		const char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		struct finding f;

		if (!path)
			continue;
		find(path + 1, &f);
		if (f.kind > best.kind)
			best = f;
	}
	if (best.kind != BT_CONTAINER_NONE)
		add_finding(out, &best);
	return best.kind;
}
