/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers and units by cgroup paths as the engines make them. */
#include "container.h"
#include "unit.h"

#define ID       "3f2a9c1b77d0e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f80910aab"
#define ID2      "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define POD_UID  "5b2f0c1e-6c57-4b3c-9d4e-1f0a2b3c4d5e"
#define POD_UID_ "5b2f0c1e_6c57_4b3c_9d4e_1f0a2b3c4d5e"

static const struct {
	const char *path;
	enum bt_container_kind kind;
	const char *name;
} cases[] = {
    /* nothing */
    {"", BT_CONTAINER_NONE, ""},
    {"/", BT_CONTAINER_NONE, ""},
    {"/..", BT_CONTAINER_NONE, ""},
    {"/user", BT_CONTAINER_NONE, ""},
    {"/job/42", BT_CONTAINER_NONE, ""},

    /* docker: cgroupfs driver, systemd driver, rootless, in docker, BuildKit, a GitHub runner */
    {"/docker/" ID, BT_CONTAINER_REAL, "docker:3f2a9c1b77d0"},
    {"/system.slice/docker-" ID ".scope", BT_CONTAINER_REAL, "docker:3f2a9c1b77d0"},
    {"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", BT_CONTAINER_REAL,
     "docker:3f2a9c1b77d0"},
    {"/docker/" ID "/docker/" ID2, BT_CONTAINER_REAL, "docker:001122334455"},
    {"/docker/buildkit/" ID, BT_CONTAINER_REAL, "buildkit:3f2a9c1b77d0"},
    {"/actions_job/" ID, BT_CONTAINER_REAL, "docker:3f2a9c1b77d0"},
    {"/docker/" ID "/system.slice/cron.service", BT_CONTAINER_REAL, "docker:3f2a9c1b77d0"},
    {"/docker/" ID " (deleted)", BT_CONTAINER_REAL, "docker:3f2a9c1b77d0"},
    {"/system.slice/docker.service", BT_CONTAINER_UNIT, "docker.service"},
    /* An ID is hexadecimal and long. */
    {"/docker/registry", BT_CONTAINER_NONE, ""},
    {"/system.slice/docker-registry.scope", BT_CONTAINER_UNIT, "docker-registry.scope"},

    /* podman: rootful, its monitor, rootless, in a pod, cgroupfs */
    {"/machine.slice/libpod-" ID ".scope/container", BT_CONTAINER_REAL, "podman:3f2a9c1b77d0"},
    {"/machine.slice/libpod-conmon-" ID ".scope", BT_CONTAINER_UNIT, "libpod-conmon-" ID ".scope"},
    {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", BT_CONTAINER_REAL,
     "podman:3f2a9c1b77d0"},
    {"/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", BT_CONTAINER_REAL,
     "podman:3f2a9c1b77d0"},
    {"/libpod_parent/libpod-" ID, BT_CONTAINER_REAL, "podman:3f2a9c1b77d0"},

    /* kubernetes: systemd and cgroupfs drivers, each QoS class, containerd, CRI-O, docker, kind */
    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD_UID_ ".slice/cri-containerd-" ID
     ".scope",
     BT_CONTAINER_REAL, "pod:" POD_UID "/3f2a9c1b77d0"},
    {"/kubepods.slice/kubepods-pod" POD_UID_ ".slice/crio-" ID ".scope", BT_CONTAINER_REAL,
     "pod:" POD_UID "/3f2a9c1b77d0"},
    {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" POD_UID_ ".slice/docker-" ID
     ".scope",
     BT_CONTAINER_REAL, "pod:" POD_UID "/3f2a9c1b77d0"},
    {"/kubepods/besteffort/pod" POD_UID "/" ID, BT_CONTAINER_REAL, "pod:" POD_UID "/3f2a9c1b77d0"},
    {"/kubepods/pod" POD_UID "/" ID "/init.scope", BT_CONTAINER_REAL, "pod:" POD_UID "/3f2a9c1b77d0"},
    {"/kubepods/pod" POD_UID, BT_CONTAINER_REAL, "pod:" POD_UID},
    {"/system.slice/containerd.service/kubepods-burstable-pod" POD_UID_ ".slice:cri-containerd:" ID,
     BT_CONTAINER_REAL, "pod:" POD_UID "/3f2a9c1b77d0"},
    {"/kubepods-besteffort-pod" POD_UID_ ".slice:cri-containerd:" ID, BT_CONTAINER_REAL,
     "pod:" POD_UID "/3f2a9c1b77d0"},
    {"/docker/" ID2 "/kubelet/kubepods/burstable/pod" POD_UID "/" ID, BT_CONTAINER_REAL,
     "pod:" POD_UID "/3f2a9c1b77d0"},
    {"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" POD_UID_ ".slice/cri-containerd-" ID
     ".scope",
     BT_CONTAINER_REAL, "pod:" POD_UID "/3f2a9c1b77d0"},
    /* a static pod's POD_UID has no dashes */
    {"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" ID, BT_CONTAINER_REAL,
     "pod:0123456789abcdef0123456789abcdef/3f2a9c1b77d0"},
    {"/kubepods.slice/kubepods-burstable.slice", BT_CONTAINER_SLICE, "kubepods-burstable.slice"},
    {"/podcast/"
     "server.service",
     BT_CONTAINER_UNIT, "server.service"},

    /* containerd by itself, Amazon's ECS, and whoever else has an ID for a name */
    {"/default/" ID, BT_CONTAINER_REAL, "container:3f2a9c1b77d0"},
    {"/system.slice/nerdctl-" ID ".scope", BT_CONTAINER_REAL, "containerd:3f2a9c1b77d0"},
    {"/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdee-1234567890", BT_CONTAINER_REAL,
     "ecs:0123456789ab"},
    {"/garden/" ID, BT_CONTAINER_REAL, "garden:3f2a9c1b77d0"},

    /* LXC: v1, v2, its monitor, a systemd inside, docker inside, Proxmox */
    {"/lxc/web", BT_CONTAINER_REAL, "lxc:web"},
    {"/lxc.payload/web", BT_CONTAINER_REAL, "lxc:web"},
    {"/lxc.payload.web/system.slice/nginx.service", BT_CONTAINER_REAL, "lxc:web"},
    {"/lxc.monitor.web", BT_CONTAINER_NONE, ""},
    {"/lxc.payload.web/docker/" ID, BT_CONTAINER_REAL, "docker:3f2a9c1b77d0"},
    {"/lxc/101/ns/system.slice/ssh.service", BT_CONTAINER_REAL, "lxc:101"},

    /* systemd-nspawn, systemd-machined, libvirt */
    {"/machine.slice/systemd-nspawn@web\\x2dfront.service/payload", BT_CONTAINER_REAL, "nspawn:web-front"},
    {"/machine.slice/machine-build.scope", BT_CONTAINER_REAL, "machine:build"},
    {"/machine.slice/machine-qemu\\x2d3\\x2ddebian\\x2d12.scope/libvirt/vcpu0", BT_CONTAINER_REAL,
     "qemu:debian-12"},
    {"/machine/qemu-3-debian.libvirt-qemu/emulator", BT_CONTAINER_REAL, "qemu:debian"},
    {"/machine.slice/machine-qemux.scope", BT_CONTAINER_REAL, "machine:qemux"},

    /* systemd's units: the innermost; slices only where there is nothing else */
    {"/system.slice/nginx.service", BT_CONTAINER_UNIT, "nginx.service"},
    {"/system.slice/system-getty.slice/getty@tty1.service", BT_CONTAINER_UNIT, "getty@tty1.service"},
    {"/system.slice/systemd-udevd.service/udev", BT_CONTAINER_UNIT, "systemd-udevd.service"},
    {"/user.slice/user-1000.slice/session-3.scope", BT_CONTAINER_UNIT, "session-3.scope"},
    {"/user.slice/user-1000.slice/user@1000.service/init.scope", BT_CONTAINER_UNIT, "user@1000.service"},
    {"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome\\x2dterminal-77.scope",
     BT_CONTAINER_UNIT, "app-gnome-terminal-77.scope"},
    {"/init.scope", BT_CONTAINER_UNIT, "init.scope"},
    {"/system.slice", BT_CONTAINER_SLICE, "system.slice"},
    {"/-.slice", BT_CONTAINER_SLICE, "-.slice"},

    /* hostile */
    {".service", BT_CONTAINER_NONE, ""},
    {"/////", BT_CONTAINER_NONE, ""},
    {"/a\\x2.service", BT_CONTAINER_UNIT, "a\\x2.service"},
    {"/a\\x00b.service", BT_CONTAINER_UNIT, "a\\x00b.service"},
    {"/:::", BT_CONTAINER_NONE, ""},
    {"/-pod.slice:" ID, BT_CONTAINER_NONE, ""},
    {" (deleted)", BT_CONTAINER_NONE, ""},
};

static void paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct bt_strbuf out = BT_STRBUF_INIT;
		enum bt_container_kind kind = bt_container_name(cases[i].path, &out);

		if (kind != cases[i].kind || strcmp(bt_strbuf_text(&out), cases[i].name) != 0)
			fail_msg("%s: kind %d, %s", cases[i].path, kind, bt_strbuf_text(&out));
		bt_strbuf_free(&out);
	}
}

/* Of any length: no part may be read beyond. */
static void cut_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		for (size_t n = 0; n <= strlen(cases[i].path); n++) {
			struct bt_strbuf out = BT_STRBUF_INIT;
			char *path = strndup(cases[i].path, n);

			bt_container_name(path, &out);
			free(path);
			bt_strbuf_free(&out);
		}
	}
}

static void assert_lines(const char *const *lines, const char *expected)
{
	struct bt_strbuf out = BT_STRBUF_INIT;

	bt_container_of_cgroups(lines, &out);
	assert_string_equal(bt_strbuf_text(&out), expected);
	bt_strbuf_free(&out);
}

static void hierarchies(void **state)
{
	const char *v1[] = {"12:pids:/system.slice/cron.service", "3:cpu,cpuacct:/system.slice",
			    "1:name=systemd:/system.slice/cron.service", NULL};
	const char *v2[] = {"0::/system.slice/docker-" ID ".scope", NULL};
	const char *hybrid[] = {"5:memory:/", "4:cpu,cpuacct:/docker/" ID, "1:name=systemd:/docker/" ID,
				"0::/system.slice/containerd.service", NULL};
	const char *bare[] = {"5:memory:/", "0::/", NULL};
	const char *malformed[] = {"", "0", "0:", ":", "::", NULL};

	(void)state;
	assert_lines(v1, "cron.service");
	assert_lines(v2, "docker:3f2a9c1b77d0");
	assert_lines(hybrid, "docker:3f2a9c1b77d0");
	assert_lines(bare, "");
	assert_lines(malformed, "");
	assert_lines(NULL, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paths),
	    cmocka_unit_test(cut_anywhere),
	    cmocka_unit_test(hierarchies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
