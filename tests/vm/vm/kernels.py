# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernels: which there are is asked at run time, because versions vanish from the mirror.

apt is used with its own sources and lists in the cache folder; the system's stay as they are.
"""

import collections
import os
import re
import shutil
import subprocess

MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Series that the matrix wants, oldest first: where Debian has it, and whether there is no excuse without it.
Series = collections.namedtuple("Series", "name suites required")
NEWEST = "newest"
SERIES = (
    Series("5.10", (f"{SECURITY} bullseye-security",), False),
    Series("6.1", (f"{MIRROR} bookworm", f"{SECURITY} bookworm-security"), True),
    Series("6.12", (f"{SECURITY} bookworm-security", f"{MIRROR} bookworm-backports"), True),
    Series("6.18", (f"{MIRROR} trixie-backports",), False),
    Series(NEWEST, (f"{MIRROR} trixie-backports",), False),
)

Kernel = collections.namedtuple("Kernel", "series release image modules")


class NoMirror(Exception):
    """Packages cannot be had here."""


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return os.path.join(base, "boundtop-vm")
    return "/var/cache/boundtop-vm" if os.geteuid() == 0 else os.path.expanduser("~/.cache/boundtop-vm")


class Apt:
    """apt with lists of its own for some suites of one architecture."""

    def __init__(self, suites, arch):
        tag = "-".join(suite.rpartition(" ")[2] for suite in suites)
        self.arch = arch
        self.folder = os.path.join(cache_folder(), "apt", f"{arch}-{tag}")
        for name in ("lists/partial", "archives/partial", "empty"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        sources = "".join(f"deb [arch={arch} signed-by={KEYRING}] {suite} main\n" for suite in suites)
        settings = {
            "Dir::Etc::sourcelist": self.path("sources.list"),
            "Dir::Etc::sourceparts": self.path("empty"),
            "Dir::State::Lists": self.path("lists"),
            "Dir::State::status": self.path("status"),
            "Dir::Cache": self.folder,
            "APT::Architecture": arch,
            "APT::Architectures": arch,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        # No package counts as installed: what a folder of its own needs is complete.
        self.write("status", "")
        self.write("sources.list", sources)
        self.write("apt.conf", "".join(f'{key} "{value}";\n' for key, value in settings.items()))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)

    def call(self, command, *args, cwd=None):
        environment = {**os.environ, "APT_CONFIG": self.path("apt.conf"), "LC_ALL": "C"}
        try:
            done = subprocess.run([command, "-q", *args], env=environment, cwd=cwd, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        except FileNotFoundError as error:
            raise NoMirror(f"no {command} here: the kernels come as Debian's packages") from error
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith(("E:", "Err:"))]
            raise NoMirror(f"{command} {args[0]}: {(errors or done.stderr.splitlines() or ['failed'])[-1]}")
        return done.stdout

    def update(self):
        self.call("apt-get", "-o", "APT::Update::Error-Mode=any", "update")

    def names(self, pattern):
        return [line.split()[0] for line in self.call("apt-cache", "search", "--names-only", pattern).splitlines()]

    def fetch(self, *names, into):
        """Downloads these packages and unpacks them there; a folder appears whole or not at all."""
        if os.path.isdir(into):
            return into
        downloads, partial = into + ".deb", into + ".partial"
        for folder in (downloads, partial):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
        self.call("apt-get", "download", *names, cwd=downloads)
        for name in os.listdir(downloads):
            subprocess.run(["dpkg-deb", "-x", os.path.join(downloads, name), partial], check=True)
        shutil.rmtree(downloads)
        os.rename(partial, into)
        return into

    def install(self, *names, into):
        """These packages and all that they depend on, unpacked there: a root folder of that architecture."""
        if os.path.isdir(into):
            return into
        partial = into + ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(partial)
        # What was fetched for another folder is not for this one.
        self.call("apt-get", "clean")
        self.call("apt-get", "-y", "--download-only", "install", *names)
        for name in ("bin", "sbin", "lib"):
            os.makedirs(os.path.join(partial, "usr", name))
            os.symlink(os.path.join("usr", name), os.path.join(partial, name))
        archives = self.path("archives")
        for name in sorted(os.listdir(archives)):
            if name.endswith(".deb"):
                # Through tar: dpkg-deb -x would put a folder where the link to usr is.
                package = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", os.path.join(archives, name)], stdout=subprocess.PIPE)
                subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", partial], stdin=package.stdout, check=True)
                package.communicate()
        links_inside(partial)
        os.rename(partial, into)
        return into


def links_inside(root):
    """Makes absolute links relative, so that who looks from outside finds what they mean."""
    for folder, names, files in os.walk(root):
        for path in (os.path.join(folder, name) for name in names + files):
            if os.path.islink(path) and os.readlink(path).startswith("/"):
                target = os.path.relpath(os.path.join(root, os.readlink(path).lstrip("/")), folder)
                os.unlink(path)
                os.symlink(target, path)


def version_key(name):
    return [int(number) for number in re.findall(r"\d+", name)]


def releases(apt, arch):
    """{release: packages} of what the lists name, oldest first."""
    flavour = f"cloud-{arch}"
    found = {}
    for name in sorted(apt.names(rf"^linux-(image|binary|modules)-[0-9].*-{flavour}$"), key=version_key):
        kind, release = re.fullmatch(r"linux-(image|binary|modules)-(.*)", name).groups()
        # linux-image-6.1-cloud-amd64 names whatever is current.
        if re.match(r"\d+\.\d+(\.\d+)?[-+.]", release) and not re.fullmatch(rf"\d+\.\d+-{flavour}", release):
            found.setdefault(release, {})[kind] = name
    return found


def packages_of(kinds):
    """From 6.19 on the image is in a package of its own, and linux-image has nothing but dependencies."""
    names = [kinds[kind] for kind in ("binary", "modules") if kind in kinds]
    return names or [kinds["image"]]


def series_of(release):
    return ".".join(str(number) for number in version_key(release)[:2])


def candidates(apt, series, arch):
    """What of a series is there, newest first. A list can name what the mirror has no longer."""
    found = releases(apt, arch)
    if series.name != NEWEST:
        found = {release: kinds for release, kinds in found.items() if series_of(release) == series.name}
    return [(release, packages_of(kinds)) for release, kinds in reversed(found.items())]


def cached(series, arch):
    """The newest kernel of a series that was fetched before."""
    folder = os.path.join(cache_folder(), "kernels", arch)
    names = [name for name in (os.listdir(folder) if os.path.isdir(folder) else ()) if not name.endswith((".deb", ".partial"))]
    # The newest is of no series that has a name of its own: else the newest of those fetched would do.
    known = {one.name for one in SERIES}
    names = [name for name in names if (series_of(name) not in known if series.name == NEWEST else series_of(name) == series.name)]
    return max(names, key=version_key) if names else None


def unpacked(series, release, folder):
    images = [f"boot/vmlinuz-{release}", f"usr/lib/modules/{release}/vmlinuz", f"lib/modules/{release}/vmlinuz"]
    image = next((os.path.join(folder, name) for name in images if os.path.exists(os.path.join(folder, name))), None)
    if not image:
        raise NoMirror(f"no image in the packages of {release}")
    modules = next(path for path in (os.path.join(folder, "usr/lib/modules", release),
                                     os.path.join(folder, "lib/modules", release)) if os.path.isdir(path))
    return Kernel(series.name, release, image, modules)


def fetch(series, arch, refresh):
    """A kernel of the series; from the cache if there is one and no newer one is asked for."""
    base = os.path.join(cache_folder(), "kernels", arch)
    os.makedirs(base, exist_ok=True)
    release = None if refresh else cached(series, arch)
    if release:
        return unpacked(series, release, os.path.join(base, release))
    apt = Apt(series.suites, arch)
    apt.update()
    why = NoMirror(f"no kernel {series.name} in {', '.join(series.suites)}")
    for release, packages in candidates(apt, series, arch)[:4]:
        try:
            return unpacked(series, release, apt.fetch(*packages, into=os.path.join(base, release)))
        except NoMirror as error:
            why = error
    raise why
