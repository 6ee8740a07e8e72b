# SPDX-License-Identifier: GPL-2.0-or-later
"""What cases refer to by name and share: made when it is first asked for, removed at the end of the run."""

import glob
import os
import shutil
import subprocess

from systest import paths

from .stage import Missing, free_port

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA_BYTES = 256 << 20

NGINX = """
worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {dir}/a; proxy_temp_path {dir}/b; fastcgi_temp_path {dir}/c; uwsgi_temp_path {dir}/d;
  scgi_temp_path {dir}/e;
  default_type text/plain;
  server {{
    listen 127.0.0.1:{port};
    root {dir};
    location /text {{ gzip on; gzip_proxied any; gzip_comp_level 9; gzip_types *; gzip_min_length 1; }}
    location /slow {{ limit_rate 20k; }}
  }}
}}
"""

# Files that take gcc a while, without end as far as a case is concerned.
MAKEFILE = """
all: $(foreach n,$(shell seq 2000),o$(n))
o%:
\tgcc -O2 -x c -c -o $@ {source}
"""


def run(*argv, user=None):
    if not shutil.which(argv[0]):
        raise Missing(argv[0])
    prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    done = subprocess.run([*prefix, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode:
        raise RuntimeError(f"{argv[0]} ended with {done.returncode}: {done.stdout[-300:]!r}")


class Names(dict):
    """The names that are the same for all cases."""

    def __init__(self):
        super().__init__(programs=os.path.join(HERE, "programs"), root=paths.ROOT)
        self.folder = paths.DiskFolder()
        os.chmod(self.folder.path, 0o755)
        self.cases = 0

    def remove(self):
        self.folder.remove()

    def for_case(self, case):
        self.cases += 1
        folder = self.folder.file(f"{self.cases}-{case.name}")
        os.mkdir(folder, 0o777)
        os.chmod(folder, 0o777)
        return CaseNames(self, folder)

    def __missing__(self, key):
        make = getattr(self, f"make_{key}", None)
        if not make:
            raise KeyError(key)
        self[key] = make()
        return self[key]

    def make_workload(self):
        return paths.workload()

    def make_data(self):
        """Blocks that are written, not a hole."""
        path = self.folder.file("data")
        block = os.urandom(1 << 20)
        with open(path, "wb") as file:
            for _ in range(DATA_BYTES // len(block)):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(path, 0o644)
        return path

    def make_many(self):
        """The same tree of files many times over; small enough for the page cache."""
        return " ".join(["/usr/include /usr/lib/python3"] * 300)

    def make_makefile(self):
        source = self.folder.file("source.c")
        with open(source, "w", encoding="ascii") as file:
            for n in range(1500):
                file.write(f"int f{n}(int x) {{ for (int i = 0; i < x; i++) x ^= i * {n}; return x % {n + 1}; }}\n")
        path = self.folder.file("Makefile")
        with open(path, "w", encoding="ascii") as file:
            file.write(MAKEFILE.format(source=source))
        return path

    def make_go(self):
        program = self.folder.file("shapes-go")
        os.environ.update(GOCACHE=self.folder.file("go-cache"), GO111MODULE="off")
        run("go", "build", "-o", program, os.path.join(HERE, "programs", "shapes.go"))
        return program

    def make_java(self):
        if not shutil.which("java"):
            raise Missing("java")
        folder = self.folder.file("java")
        run("javac", "-d", folder, os.path.join(HERE, "programs", "Shapes.java"))
        return folder

    def make_tls(self):
        path = self.folder.file("tls.pem")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout",
            path + ".key", "-out", path + ".crt")
        with open(path, "wb") as out:
            for part in (".key", ".crt"):
                with open(path + part, "rb") as file:
                    out.write(file.read())
        return path

    def make_pgbin(self):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found:
            raise Missing("postgres")
        return found[-1]

    def make_pgrun(self):
        path = self.folder.file("pg-run")
        os.mkdir(path)
        os.chmod(path, 0o777)
        return path

    def make_pgdata(self):
        path = self.folder.file("pg-data")
        os.mkdir(path)
        shutil.chown(path, "postgres", "postgres")
        program = self["pgbin"]
        run(f"{program}/initdb", "-D", path, "-A", "trust", "-U", "postgres", "--no-sync", user="postgres")
        control = [f"{program}/pg_ctl", "-D", path, "-w", "-l", os.path.join(path, "log"), "-o",
            f"-k {self['pgrun']} -h ''"]
        run(*control, "start", user="postgres")
        try:
            run(f"{program}/pgbench", "-h", self["pgrun"], "-U", "postgres", "-i", "-q", "-s", "2", "postgres")
        finally:
            run(*control, "-m", "fast", "stop", user="postgres")
        return path

    def make_heavy(self):
        path = self.folder.file("heavy.sql")
        with open(path, "w", encoding="ascii") as file:
            file.write("SELECT count(*) FROM generate_series(1, 1000000);\n")
        return path

    def make_mysql(self):
        path = self.folder.file("mysql")
        run("mariadb-install-db", "--no-defaults", f"--datadir={path}", "--user=mysql",
            "--auth-root-authentication-method=normal", "--skip-test-db")
        return path

    def make_mysqlrun(self):
        path = self.folder.file("mysql-run")
        os.mkdir(path)
        os.chmod(path, 0o777)
        return path

    def make_nginxport(self):
        return free_port()

    def make_nginx(self):
        folder = self.folder.file("nginx")
        os.mkdir(folder)
        os.chmod(folder, 0o755)
        with open(os.path.join(folder, "text"), "w", encoding="ascii") as file:
            file.writelines(f"{n * n} lines of text, {n ** 3 % 977} of them different\n" for n in range(40000))
        for name in ("slow", "big"):
            with open(os.path.join(folder, name), "wb") as file:
                file.truncate(1 << 30)
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(NGINX.format(dir=folder, port=self["nginxport"]))
        return path


class CaseNames(dict):
    """Those of one case: its own, and behind them the shared ones."""

    def __init__(self, shared, folder):
        super().__init__(dir=folder)
        self.shared = shared

    def __missing__(self, key):
        return self.shared[key]
