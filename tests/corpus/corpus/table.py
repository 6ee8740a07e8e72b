# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases. Each label follows from how the workload is made; the witness has to agree before boundtop is asked."""

from .case import Case, Step

FUTEX = ("futex",)
EPOLL = ("epoll_wait", "epoll_pwait")
POLL = ("poll", "ppoll", "select", "pselect6", *EPOLL)
SLEEP = ("clock_nanosleep", "nanosleep")
CHILD = ("wait4", "waitid")
READ = ("read", "recvfrom", "recvmsg")
SYNC = ("fsync", "fdatasync")
USER, SYSTEM, ANY = ("user",), ("system",), ("user", "system")


def py(shape, *args, name="py", **options):
    return Step(name, ("/usr/bin/python3", "{programs}/shapes.py", shape, *args), "line", **options)


def own(*args, name="own", **options):
    return Step(name, ("{workload}", *args), "line", **options)


def js(shape, *args, **options):
    return Step("node", ("node", "{programs}/shapes.js", shape, *args), "line", **options)


def jvm(shape, *args, **options):
    return Step("jvm", ("java", "-XX:+UseSerialGC", "-cp", "{java}", "Shapes", shape, *args), "line", **options)


def go(shape, *args, **options):
    return Step("go", ("{go}", shape, *args), "line", **options)


def ruby(shape, *args):
    return Step("ruby", ("ruby", "{programs}/shapes.rb", shape, *args), "line")


def perl(shape):
    return Step("perl", ("perl", "{programs}/shapes.pl", shape), "line")


def shell(name, script, *needs, ready="cpu 0.1", **options):
    return Step(name, ("sh", "-c", script), ready, needs=needs, **options)


def stress(*args, **options):
    return Step("stress", ("stress-ng", "--temp-path", "{dir}", *args), **options)


def fio(*args, ready="cpu 0.02", **options):
    return Step("fio", ("fio", "--name=job", "--time_based", "--runtime=600", "--filename={data}", "--readonly", *args),
                ready, **options)


def fio_write(*args, **options):
    return Step("fio", ("fio", "--name=job", "--time_based", "--runtime=600", "--filename={dir}/out", "--size=64M",
                *args), "cpu 0.02", **options)


SERVER = py("server", "0.005", name="server")
FAST = py("server", "0", name="server")


def postgres(*options):
    return (Step("pg", ("{pgbin}/postgres", "-D", "{pgdata}", "-k", "{pgrun}", "-p", "{port}", "-c", "autovacuum=off",
                        *options), "unix {pgrun}/.s.PGSQL.{port}", user="postgres"),
            shell("up", "until {pgbin}/pg_isready -q -h {pgrun} -p {port}; do sleep 0.05; done", ready="done"))


def pgbench(*args, ready="cpu 0.02"):
    return Step("pgbench", ("{pgbin}/pgbench", "-h", "{pgrun}", "-p", "{port}", "-U", "postgres", "-T", "600", "-n",
                *args, "postgres"), ready)


def psql(query, host="{pgrun}"):
    return Step("psql", ("{pgbin}/psql", "-h", host, "-p", "{port}", "-U", "postgres", "-c", query, "postgres"),
                "asleep")


def redis(*args):
    return Step("redis", ("redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--dir", "{dir}",
                *args), "port {port}")


def redis_load(*args, ready="cpu 0.02"):
    return Step("load", ("redis-benchmark", "-p", "{port}", "-l", *args), ready)


SUM = "local x = 0 for i = 1, 100000 do x = x + i end return x"
NGINX = Step("nginx", ("nginx", "-e", "{dir}/error.log", "-c", "{nginx}", "-g",
                       "daemon off; pid {dir}/pid;"), "port {nginxport}")
MARIA = (Step("maria", ("mariadbd", "--no-defaults", "--datadir={mysql}", "--socket={mysqlrun}/s", "--skip-networking",
                        "--user=mysql", "--skip-grant-tables"), "unix {mysqlrun}/s"),)


def sql(query):
    return Step("sql", ("mariadb", "--no-defaults", "-S", "{mysqlrun}/s", "-e", query), "asleep")


def table():
    cases = []

    def case(name, steps, judged, verdict, causes, witness, why, **more):
        steps = steps if isinstance(steps, tuple) else (steps,)
        causes = causes if isinstance(causes, tuple) else (causes,)
        witness = witness if isinstance(witness, tuple) else (witness,)
        cases.append(Case(name, steps, judged, verdict, causes, witness, why, **more))

    # Python: the same CPU work.
    case("py-threads-cpu", py("threads_cpu", "4"), "py", "lock-bound", "gil", ("blocked", *FUTEX),
         "four threads compute in Python: three wait for the interpreter's lock", twin="py-processes-cpu", short=True)
    case("py-processes-cpu", py("processes_cpu", "2"), "worker", "cpu-bound", USER, ("busy", "user"),
         "the same by processes", twin="py-threads-cpu", short=True)
    case("py-processes-parent", py("processes_cpu", "2"), "py", "idle", "child", ("idle", *CHILD),
         "their parent, in join()", twin="py-processes-cpu", short=True)
    case("py-asyncio-cpu", py("asyncio_cpu"), "py", "cpu-bound", USER, ("busy", "user"),
         "the same by coroutines: one thread", twin="py-threads-cpu")
    case("py-hash-threads", py("hash_threads", "2"), "py", "cpu-bound", USER, ("busy", "user"),
         "threads in a C function that lets go of the interpreter's lock", twin="py-threads-cpu")
    case("py-threads-cpu-2", py("threads_cpu", "2"), "py", "mixed", ("user", "gil"), ("alike", *FUTEX),
         "two threads and one lock: each computes for half of the time and waits for half", twin="py-threads-cpu")
    case("py-threads-cpu-8", py("threads_cpu", "8"), "py", "lock-bound", "gil", ("blocked", *FUTEX),
         "eight threads and one lock", twin="py-processes-cpu")

    # Python: the same requests over TCP.
    case("py-threads-io", (SERVER, py("threads_io", "{port}")), "py", "io-bound", "network", ("blocked",
         "recvfrom:socket"), "four threads, each waits for answers that take 5 ms", twin="py-threads-cpu", short=True)
    case("py-processes-io", (SERVER, py("processes_io", "{port}")), "worker", "io-bound", "network",
         ("blocked", "recvfrom:socket"), "the same by processes", twin="py-processes-cpu")
    case("py-asyncio-io", (SERVER, py("asyncio_io", "{port}")), "py", "io-bound", "network", ("blocked", *EPOLL),
         "the same by coroutines: one thread in epoll", twin="py-asyncio-cpu")
    case("py-client-pauses", (FAST, py("client", "{port}", "0.05")), "py", "idle", "sleep", ("idle", *SLEEP),
         "a client that pauses for 50 ms between requests that are answered at once", twin="py-threads-io", short=True)
    case("py-server-idle", (FAST, py("client", "{port}", "0.1")), "server", "idle", "event", ("idle", *EPOLL),
         "an asyncio server with ten small requests a second", twin="py-asyncio-io")
    case("py-server-part", (py("server", "0", "0.02", name="server"), py("client", "{port}", "0.08")), "server",
         "waiting", ("event", "sleep"), ("part", *EPOLL), "an asyncio server that works for a fifth of the time",
         twin="py-server-idle")
    case("py-server-busy", (py("server", "0", "0.02", name="server"), py("client", "{port}")), "server",
         "cpu-bound", USER, ("busy", "user"), "the same, asked without a pause", twin="py-server-part")
    case("py-asyncio-idle", py("asyncio_idle"), "py", "idle", "event", ("idle", *EPOLL), "a server that nobody asks",
         twin="py-asyncio-io", short=True)
    case("py-asyncio-timers", py("timers"), "py", "idle", ("sleep", "event"), ("idle", *EPOLL), "asyncio.sleep()")
    case("py-loop-part", py("loop_hogged"), "py", "waiting", ("sleep", "event"), ("part", *EPOLL),
         "an event loop with a callback that computes for a fifth of the time", twin="py-asyncio-cpu")
    case("py-asyncio-busy-child", py("asyncio_pipe", "busy"), "py", "io-bound", "ipc", ("blocked", *EPOLL),
         "epoll on the pipe of a child that computes each line", twin="py-asyncio-idle-child")
    case("py-asyncio-idle-child", py("asyncio_pipe", "sleep"), "py", "idle", ("event", "child"), ("idle", *EPOLL,
         *CHILD), "the same of a child that sleeps between lines (a second thread waits for its end)",
         twin="py-asyncio-busy-child")

    # Python: poll and select.
    case("py-select-replies", (SERVER, py("select_replies", "{port}", "6")), "py", "io-bound", "network", ("blocked", *POLL),
         "select() over six connections, each of which is owed an answer", twin="py-poll-server")
    case("py-poll-server", py("poll_server", "6"), "py", "idle", "event", ("idle", *POLL),
         "poll() over a listener and six clients that ask now and then", twin="py-select-replies")
    case("py-poll-pipes-busy", py("poll_pipes", "busy", "6"), "py", "io-bound", "ipc", ("blocked", *POLL),
         "poll() over six pipes; a child computes each line", twin="py-poll-pipes-idle", short=True)
    case("py-poll-pipes-idle", py("poll_pipes", "sleep", "6"), "py", "idle", "event", ("idle", *POLL),
         "the same of a child that sleeps between lines", twin="py-poll-pipes-busy", short=True)
    case("py-poll-signals", py("poll_signals", "signal"), "py", "idle", "event", ("idle", *POLL),
         "poll() of what nobody writes into; a child computes, and sends signals", twin="py-poll-pipes-busy")
    case("py-poll-connections", py("poll_signals", "connect"), "py", "idle", "event", ("idle", *POLL),
         "poll() of a listener; a child computes, and connects", twin="py-poll-pipes-busy")
    case("py-process-pool-six", py("process_pool", "full", "6"), "py", "io-bound", "ipc", ("blocked", "read:pipe", *POLL),
         "a ProcessPoolExecutor of six: a thread waits for one of eight pipes", twin="py-process-pool-six-idle")
    case("py-process-pool-six-idle", py("process_pool", "idle", "6"), "py", "idle", ("event", "sleep"),
         ("idle", *FUTEX, *POLL, "read:pipe", "pause", "rt_sigsuspend"), "the same without work", twin="py-process-pool-six")

    # Pools.
    for kind, name in (("pool", "Pool"), ("process_pool", "ProcessPoolExecutor")):
        short = kind == "pool"
        dash = kind.replace("_", "-")
        case(f"py-{dash}-idle", py(kind, "idle"), "worker", "idle", "event", ("idle", *FUTEX, "read:pipe"),
             f"a worker of a {name} without work", twin=f"py-{dash}-full", short=short)
        case(f"py-{dash}-idle-parent", py(kind, "idle"), "py", "idle", ("event", "sleep"), ("idle", *FUTEX, *POLL,
             "read:pipe", "pause", "rt_sigsuspend"), "and its parent", twin=f"py-{dash}-full-parent")
        case(f"py-{dash}-slow", py(kind, "slow"), "worker", "waiting", "event", ("part", *FUTEX, "read:pipe"),
             f"a worker of a {name} that gets a task of 25 ms now and then", twin=f"py-{dash}-full")
        case(f"py-{dash}-full", py(kind, "full"), "worker", "cpu-bound", USER, ("busy", "user"),
             f"a worker of a {name} that has more to do than time", twin=f"py-{dash}-idle")
        case(f"py-{dash}-full-parent", py(kind, "full"), "py", "io-bound", "ipc",
             ("blocked", "read:pipe", *POLL), "and its parent: a thread of it waits for results that are worked on",
             twin=f"py-{dash}-idle-parent")
    case("py-thread-pool-idle", py("thread_pool", "idle"), "py", "idle", "event", ("idle", *FUTEX, "pause"),
         "a ThreadPoolExecutor without work", twin="py-thread-pool-full", short=True)
    case("py-thread-pool-slow", py("thread_pool_1", "slow"), "py", "waiting", ("event", "sleep"), ("part", *FUTEX),
         "a ThreadPoolExecutor with a task of 25 ms, ten times a second at the most", twin="py-thread-pool-full")
    case("py-thread-pool-full", py("thread_pool", "full"), "py", "lock-bound", "gil", ("blocked", *FUTEX),
         "a ThreadPoolExecutor of four that has more to do than time", twin="py-process-pool-full")

    # Fork and spawn.
    for method in ("fork", "spawn"):
        case(f"py-{method}-parent", py("short_processes", method), "py", "idle", "child", ("idle", *CHILD),
             f"one process after the other by {method}, in join() meanwhile", twin=f"py-{method}-tree")
        case(f"py-{method}-tree", py("short_processes", method), "py", "cpu-bound", USER, ("tree_busy", 0.8, "user"),
             "the same with all its descendants", twin=f"py-{method}-parent", tree=True)

    # Messages between processes.
    for size, name in (("100", "small"), ("500000", "large")):
        case(f"py-{name}-messages-consumer", py("messages", size, "producer"), "consumer", "io-bound", "ipc",
             ("blocked", "read:pipe"), f"reads {name} messages that another process computes",
             twin=f"py-{name}-messages-unfed", short=name == "small")
        case(f"py-{name}-messages-unfed", py("messages", size, "idle"), "consumer", "idle", "event", ("idle",
             "read:pipe"), "the same, and the other one sleeps", twin=f"py-{name}-messages-consumer",
             short=name == "small")
        case(f"py-{name}-messages-producer", py("messages", size, "consumer"), "producer", "io-bound", "ipc",
             ("blocked", "write:pipe"), f"the pipe is full of {name} messages: the reader computes",
             twin=f"py-{name}-messages-slow-consumer")
        case(f"py-{name}-messages-slow-consumer", py("messages", size, "consumer"), "consumer", "cpu-bound", USER,
             ("busy", "user"), "and that reader", twin=f"py-{name}-messages-producer")
    case("py-shm-consumer", py("shared_memory", "busy"), "consumer", "io-bound", "ipc", ("blocked", *FUTEX),
         "shared memory that another process fills, a semaphore tells when", twin="py-shm-unfed")
    case("py-shm-unfed", py("shared_memory", "sleep"), "consumer", "idle", "event", ("idle", *FUTEX),
         "the same, and the other one sleeps", twin="py-shm-consumer")
    case("py-lock-processes", py("lock_processes", "6"), "worker", "lock-bound", "lock", ("blocked", *FUTEX),
         "six processes compute with one multiprocessing.Lock held", twin="py-processes-cpu")
    case("py-lock-held-asleep", py("lock_threads", "sleep"), "py", "lock-bound", "lock", ("blocked", *FUTEX),
         "six threads, one threading.Lock, held while sleeping: five wait for it", twin="py-thread-pool-idle")
    case("py-lock-held-in-fsync", py("lock_threads", "fsync"), "py", "lock-bound", "lock", ("blocked", *FUTEX),
         "the same, held during fsync()", twin="py-fsync")
    case("py-queue-idle", py("queue_threads"), "py", "idle", ("event", "sleep"), ("idle", *FUTEX, *SLEEP),
         "a thread at a queue.Queue that another one feeds now and then", twin="py-lock-held-asleep")
    for channel, call in (("pipe", "read:pipe"), ("unix", "read:socket"), ("tcp", "read:socket")):
        case(f"py-both-work-{channel}", py("both_work", channel), "py", "mixed", ("user", "network"
             if channel == "tcp" else "ipc"), ("alike", call),
             "two processes answer each other, each computes for as long as the other",
             twin="py-small-messages-consumer")

    case("py-both-work-shm", py("both_work_shm"), "py", "mixed", ("user", "ipc"), ("alike", *FUTEX),
         "the same by semaphores in shared memory", twin="py-shm-consumer")

    # Python and files.
    case("py-read-and-work", py("read_and_work", "{data}"), "py", "mixed", ("user", "disk"),
         ("alike", "preadv:file", "preadv2:file"), "computes for as long as each read from the disk took",
         twin="py-read-direct")
    case("py-read-direct", py("reader", "{data}", "direct"), "py", "io-bound", "disk", ("blocked", "preadv:file",
         "preadv2:file"), "random blocks past the page cache", twin="py-read-cached")
    case("py-read-cached", py("reader", "{data}", "cached"), "py", "cpu-bound", SYSTEM, ("busy", "system"),
         "megabytes out of the page cache", twin="py-read-direct", short=True)
    case("py-fsync", py("fsyncs", "1", realtime=True), "py", "io-bound", "disk", ("blocked", "fsync"),
         "write and fsync", twin="py-lock-held-in-fsync")
    case("py-fsync-threads", py("fsyncs", "4"), "py", "io-bound", "disk", ("blocked", "fsync"),
         "the same by four threads")
    case("sqlite-full", py("database", "FULL", realtime=True), "py", "io-bound", "disk", ("blocked", *SYNC),
         "SQLite commits row by row", twin="sqlite-off")
    case("sqlite-off", py("database", "OFF"), "py", "cpu-bound", ANY, ("busy", ),
         "the same without forcing it to the disk", twin="sqlite-full")
    case("py-mapping", py("mapping", "{data}"), "py", "io-bound", "paging", ("faulting",),
         "touches pages of a file that are not in memory", twin="py-read-cached")
    for kind in ("flock", "fcntl"):
        case(f"py-{kind}", py("file_locks", kind), "worker", "lock-bound", "lock", ("blocked", kind),
             "four processes compute with one file locked", twin="py-processes-cpu")
    case("py-runs-wait", py("runs", "wait"), "py", "idle", "child", ("idle", *CHILD), "subprocess.run() of a sleep",
         twin="py-runs-output", short=True)
    case("py-runs-output", py("runs", "output"), "py", "io-bound", "ipc", ("blocked", "read:pipe", *POLL),
         "subprocess.run() that reads what a child computes", twin="py-runs-wait")
    case("py-sleep", py("sleeps", "0", "0.1"), "py", "idle", "sleep", ("idle", *SLEEP), "time.sleep()",
         twin="py-sleep-part", short=True)
    case("py-sleep-part", py("sleeps", "0.02", "0.08"), "py", "waiting", "sleep", ("part", *SLEEP),
         "computes for a fifth of the time", twin="py-sleep", short=True)

    # A CPU that others have, a quota, a signal.
    case("py-starved", (own("hogs", "8", name="hogs", cpus="1"), py("processes_cpu", "1", cpus="1", nice=-8)),
         "worker", "starved", "run-queue", "starved", "a process behind eight hogs on one CPU",
         twin="py-processes-cpu")
    case("gzip-starved", (own("hogs", "6", name="hogs", cpus="1"), Step("gzip", ("gzip", "-c"), "cpu 0.05",
         stdin="/dev/zero", cpus="1", nice=-8)), "gzip", "starved", "run-queue", "starved",
         "gzip behind six hogs on one CPU", twin="gzip-cpu")
    case("openssl-starved", (own("hogs", "6", name="hogs", cpus="1"),
                             Step("openssl", ("openssl", "speed", "-seconds", "60", "sha256"), "cpu 0.05", cpus="1",
                                                       nice=-8)),
         "openssl", "starved", "run-queue", "starved", "openssl speed behind six hogs on one CPU", twin="openssl-speed")
    case("stress-starved", stress("--cpu", "6", "--cpu-method", "int64", cpus="1", ready="cpu 0.1"),
         "stress/stress-ng-cpu:busy", "starved", "run-queue", "starved", "one of six workers of stress-ng on one CPU",
         twin="stress-cpu")
    case("own-quota", own("hog", quota=20), "own", "starved", "cpu-quota", "throttled",
         "a hog with a fifth of a CPU by its cgroup", twin="own-hog", kind="own")
    case("py-quota", py("sleeps", "1000", "0", quota=20), "py", "starved", "cpu-quota", "throttled",
         "the same in Python", twin="py-sleep-part")
    case("gzip-quota", Step("gzip", ("gzip", "-c"), "cpu 0.1", stdin="/dev/zero", quota=25), "gzip", "starved",
         "cpu-quota", "throttled", "gzip with a quarter of a CPU", twin="gzip-cpu")
    case("own-stopped", own("hog"), "own", "idle", "stopped", "stopped", "a hog after SIGSTOP", twin="own-hog",
         stop=True, kind="own", short=True)
    case("py-stopped", py("sleeps", "1000", "0"), "py", "idle", "stopped", "stopped", "Python after SIGSTOP",
         twin="py-sleep-part", stop=True)
    case("own-frozen", own("hog", freeze=True), "own", "idle", "stopped", "stopped", "a hog in a frozen cgroup",
         twin="own-hog", kind="own")

    # Programs of our own, for the hard ones.
    case("own-hog", own("hog"), "own", "cpu-bound", USER, ("busy", "user"), "a loop", twin="own-stopped", kind="own",
         short=True)
    case("own-mutex-4", own("mutex", "4", "shared"), "own", "lock-bound", "lock", ("blocked", *FUTEX),
         "four threads work with one mutex held", twin="own-mutex-own", kind="own", short=True)
    case("own-mutex-own", own("mutex", "2", "own"), "own", "cpu-bound", USER, ("busy", "user"),
         "each has a mutex of its own", twin="own-mutex-4", kind="own")
    case("own-parked", own("parked", "8"), "own", "idle", "event", ("idle", *FUTEX),
         "eight threads at a condition variable", twin="own-mutex-4", kind="own", short=True)
    for channel, cause, call in (("pipe", "ipc", "read:pipe"), ("unix", "ipc", "read:socket"),
                                 ("tcp", "network", "read:socket"),
                                 ("eventfd", "ipc", "read:anon_inode"), ("queue", "ipc", "mq_timedreceive"),
                                 ("sem", "ipc", "futex")):
        case(f"own-ask-{channel}", own("ask", channel, "read", "5000", "0"), "client", "io-bound", cause, ("blocked",
             call), f"asks by {channel}, the answer takes 5 ms of work", twin=f"own-unasked-{channel}", kind="own",
             short=channel in ("pipe", "tcp"))
        case(f"own-unasked-{channel}", own("ask", channel, "read", "0", "20000"), "server", "idle", "event", ("idle",
             call), f"waits for questions by {channel}, one every 20 ms", twin=f"own-ask-{channel}", kind="own",
             short=channel in ("pipe", "tcp"))
    case("own-paging", own("paging", "{dir}/map"), "own", "io-bound", "paging", ("faulting",), "touches a cold mapping",
         twin="own-hog", kind="own")
    case("own-parent", own("waiter"), "own", "idle", "child", ("idle", *CHILD), "waits for a child that works",
         twin="own-hog", kind="own", short=True)

    # Compression, codecs, builds, version control.
    case("gzip-cpu", Step("gzip", ("gzip", "-c"), stdin="/dev/zero"), "gzip", "cpu-bound", USER, ("busy", "user"),
         "gzip of zeros to a file", twin="gzip-slow-reader", short=True)
    case("gzip-slow-reader", shell("sh",
         "gzip -1c </dev/urandom | while sleep 0.1; do head -c 65536 >/dev/null; done", "gzip", ready="child gzip"),
         "sh/gzip", "io-bound", "ipc", ("blocked", "write:pipe"), "gzip before a slow reader: its pipe is full",
         twin="gzip-cpu")
    case("gzip-slow-writer", shell("sh", "while sleep 0.1; do echo text; done | gzip -c >/dev/null", "gzip",
         ready="child gzip"), "sh/gzip", "idle", "event", ("idle", "read:pipe"), "gzip behind one that sleeps",
         twin="gzip-busy-writer")
    case("gzip-busy-writer", shell("sh", "xz -9c </dev/urandom | gzip -1c >/dev/null", "gzip", "xz", ready="cpu 0.5"),
         "sh/gzip", "io-bound", "ipc", ("blocked", "read:pipe"), "gzip behind xz, which computes",
         twin="gzip-slow-writer")
    for what, command, verdict, cause, rule in (("computes", "xz -9c </dev/zero", "io-bound", "ipc", "blocked"),
                                                ("sleeps", "sleep 1000", "idle", "event", "idle")):
        case(f"uniq-{what}", shell("sh", f"({command} | wc -c) | uniq", "uniq", ready="child uniq"), "sh/uniq", verdict, cause,
             (rule, "read:pipe"), f"uniq, which has read nothing yet, behind wc behind one that {what}",
             twin={"computes": "uniq-sleeps", "sleeps": "uniq-computes"}[what])
    case("xz-cpu", Step("xz", ("xz", "-9c"), "cpu 0.1", stdin="/dev/urandom"), "xz", "cpu-bound", USER, ("busy",
         "user"), "xz of random bytes", twin="gzip-busy-writer")
    case("openssl-speed", Step("openssl", ("openssl", "speed", "-seconds", "60", "sha256")), "openssl", "cpu-bound",
         USER, ("busy", "user"), "openssl speed", twin="openssl-starved")
    case("openssl-server", Step("openssl", ("openssl", "s_server", "-accept", "{port}", "-key", "{tls}", "-cert",
         "{tls}"), "port {port}"), "openssl", "idle", "event", ("idle", *POLL, "accept"), "a server that nobody asks",
         twin="openssl-speed")
    case("imagemagick", Step("convert", ("convert", "-size", "3000x3000", "plasma:", "-blur", "0x40", "null:"),
         "cpu 1"), "convert", "cpu-bound", USER, ("busy", "user"), "ImageMagick blurs a picture")
    case("make-tree", Step("make", ("make", "-j2", "-f", "{makefile}"), "cpu 0.5", needs=("gcc", )), "make",
         "cpu-bound", USER, ("tree_busy", 1.0, "user"), "make and gcc, two at a time, with all descendants",
         twin="make-parent", tree=True)
    case("make-parent", Step("make", ("make", "-f", "{makefile}"), "cpu 0.5", needs=("gcc",)), "make", "idle", "child",
         ("idle", *CHILD), "make alone: it waits for gcc", twin="make-tree")
    case("git-tree", shell("sh", "while :; do git hash-object {data} >/dev/null; done", "git", ready="child git"),
         "sh", "cpu-bound", USER, ("tree_busy", 0.8, "user"), "git hash-object, again and again", tree=True,
         twin="git-parent")
    case("git-parent", shell("sh", "while :; do git hash-object {data} >/dev/null; done", "git", ready="child git"),
         "sh", "idle", "child", ("idle", *CHILD), "the shell that runs it", twin="git-tree")
    case("tar-cached", shell("sh", "exec tar cf - {many} | cat >/dev/null", "tar", ready="cpu 0.5"), "sh/tar",
         "cpu-bound", SYSTEM, ("busy", "system"), "tar of files in the page cache", twin="tar-slow-reader")
    case("tar-slow-reader", shell("sh", "tar cf - {many} | while sleep 0.1; do head -c 65536 >/dev/null; done", "tar",
                                  ready="child tar"), "sh/tar", "io-bound", "ipc", ("blocked", "write:pipe"),
         "tar before a slow reader", twin="tar-cached")
    case("find-cached", Step("find", ("find", "/usr", "/usr", "/usr", "/usr", "/usr", "/usr", "/usr", "/usr", "/usr",
         "/usr", "-size", "+1000000k"), "cpu 2"), "find", "cpu-bound", SYSTEM, ("busy", "system"),
         "find in directories that are in memory")
    case("rsync-limited", Step("rsync", ("rsync", "--bwlimit=200", "--whole-file", "{data}", "{dir}/copy"),
         "cpu 0.01"), "rsync", "idle", ("sleep", "event"), ("idle", *SLEEP, *POLL),
         "rsync with a limit on its bandwidth")
    case("shell-tty", shell("sh", "while read line; do :; done", ready="asleep"), "sh", "idle", "event", ("idle",
         "read"), "a shell that is told nothing")

    # Load generators.
    case("stress-cpu", stress("--cpu", "1", "--cpu-method", "int64"), "stress/stress-ng-cpu", "cpu-bound", USER,
         ("busy", "user"), "stress-ng --cpu", twin="stress-starved")
    case("stress-parent", stress("--cpu", "1", "--cpu-method", "int64"), "stress", "idle", ("child", "event"),
         ("idle", *CHILD, "pause"), "its parent", twin="stress-cpu")
    case("stress-get", stress("--get", "1"), "stress/stress-ng-get", "cpu-bound", SYSTEM, ("busy", "system"),
         "one system call after the other", twin="stress-cpu")
    case("sysbench-cpu", Step("sysbench", ("sysbench", "cpu", "--threads=1", "--time=60", "run")), "sysbench",
         "cpu-bound", USER, ("busy", "user"), "sysbench cpu", twin="sysbench-threads")
    case("sysbench-threads", Step("sysbench", ("sysbench", "threads", "--threads=8", "--thread-locks=1", "--time=60",
         "run")), "sysbench", "lock-bound", "lock", ("blocked", *FUTEX), "sysbench threads: eight and one mutex",
         twin="sysbench-cpu")
    case("fio-direct", fio("--rw=randread", "--bs=1M", "--direct=1", "--ioengine=psync"), "fio/fio", "io-bound", "disk",
         ("blocked", "pread64:file"), "fio reads past the page cache", twin="fio-cached")
    case("fio-cached", fio("--rw=read", "--bs=1M", "--ioengine=psync", "--invalidate=0", "--pre_read=1",
         ready="cpu 0.5"), "fio/fio", "cpu-bound", SYSTEM, ("busy", "system"), "fio reads from the page cache",
         twin="fio-direct")
    case("fio-libaio", fio("--rw=randread", "--bs=512k", "--direct=1", "--ioengine=libaio", "--iodepth=8"), "fio/fio",
         "io-bound", "disk", ("blocked", "io_getevents", "io_submit"), "the same by libaio", twin="fio-cached")
    case("fio-io_uring", fio("--rw=randread", "--bs=512k", "--direct=1", "--ioengine=io_uring", "--iodepth=8"),
         "fio/fio", "io-bound", "disk", ("blocked", "io_uring_enter"), "the same by io_uring", twin="fio-cached")
    case("fio-posixaio", fio("--rw=randread", "--bs=512k", "--direct=1", "--ioengine=posixaio", "--iodepth=4"),
         "fio/fio", "io-bound", "disk", ("blocked", "pread64:file"), "the same by glibc's threads", twin="fio-cached")
    case("fio-mmap", fio("--rw=randread", "--bs=256k", "--ioengine=mmap", memory_mb=48), "fio/fio", "io-bound",
         "paging", ("faulting", ), "fio reads a mapping that is not in memory", twin="fio-cached")
    case("fio-fsync", fio_write("--rw=write", "--bs=4k", "--fsync=1", "--fallocate=none", "--ioengine=psync",
         realtime=True), "fio/fio", "io-bound", "disk", ("blocked", *SYNC), "fio writes and forces it to the disk", twin="fio-buffered")
    case("fio-buffered", fio_write("--rw=write", "--bs=1M", "--size=32M", "--ioengine=psync"), "fio/fio", "cpu-bound",
         SYSTEM, ("busy", "system"), "the same without forcing it", twin="fio-fsync")
    case("fio-rate", fio("--rw=randread", "--bs=4k", "--rate_iops=20", "--ioengine=psync", "--direct=1",
         ready="child fio"), "fio/fio", "idle", "sleep", ("idle", *SLEEP), "fio at twenty reads a second",
         twin="fio-direct")

    # Databases and servers.
    case("pgbench-client", (*postgres(), pgbench("-c", "1")), "pgbench", "io-bound", "ipc", ("blocked", *POLL,
         "recvfrom"), "and pgbench, owed answers over a unix socket", twin="psql-backend-sleeps")
    case("pg-backend-busy", (*postgres(), pgbench("-c", "2", "-f", "{heavy}")), "pg/postgres:busy", "cpu-bound", USER,
         ("busy", "user"), "queries that compute", twin="pg-idle")
    case("psql-backend-busy", (*postgres(), psql("SELECT count(*) FROM generate_series(1, 1000000000)")), "psql",
         "io-bound", "ipc", ("blocked", *POLL), "psql, owed an answer that takes long to compute",
         twin="psql-backend-sleeps")
    case("psql-tcp", (*postgres(), psql("SELECT count(*) FROM generate_series(1, 1000000000)", "127.0.0.1")), "psql",
         "io-bound", "network", ("blocked", *POLL), "the same over TCP", twin="psql-backend-sleeps")
    case("psql-backend-sleeps", (*postgres(), shell("sh",
         "while :; do echo 'SELECT pg_sleep(0.3);'; done | {pgbin}/psql -q -h {pgrun} -p {port} -U postgres postgres",
         ready="child psql")), "sh/psql", "idle", "event", ("idle", *POLL), "psql, and its server sleeps",
         twin="psql-backend-busy")
    case("pg-backend-sleeps", (*postgres(), psql("SELECT pg_sleep(600)")), "pg/postgres", "idle", ("event", "sleep"),
         ("idle", *EPOLL), "and that server's process", twin="pg-backend-busy")
    case("pg-idle", postgres(), "pg", "idle", "event", ("idle", *POLL), "PostgreSQL without a client",
         twin="pg-backend-busy")
    case("maria-busy", (*MARIA, sql("SELECT BENCHMARK(10000000000, 1+1)")), "maria", "cpu-bound", USER, ("busy",
         "user"), "MariaDB computes", twin="maria-idle")
    case("maria-client", (*MARIA, sql("SELECT BENCHMARK(10000000000, 1+1)")), "sql", "io-bound", "ipc",
         ("blocked", *READ, *POLL), "and its client", twin="maria-idle")
    case("maria-idle", MARIA, "maria", "idle", "event", ("idle", *POLL, *FUTEX, "io_getevents", "io_uring_enter",
         "rt_sigtimedwait"), "MariaDB without a client", twin="maria-busy")
    case("redis-idle", redis(), "redis", "idle", "event", ("idle", *EPOLL, *FUTEX), "Redis without a client",
         twin="redis-busy")
    case("redis-busy", (redis(), redis_load("-c", "4", "EVAL", SUM, "0")), "redis", "cpu-bound", USER, ("busy", "user"),
         "Redis runs scripts", twin="redis-idle")
    case("redis-client", (redis(), redis_load("-c", "4", "EVAL", SUM, "0")), "load", "io-bound", "network",
         ("blocked", *EPOLL), "and redis-benchmark, owed the answers", twin="redis-idle")
    case("redis-part", (redis(), shell("sh",
         "while sleep 0.08; do redis-cli -p {port} EVAL \"$SCRIPT\" 0; done".replace("$SCRIPT", SUM.replace("100000",
         "1000000")), "redis-cli", ready="child sleep")), "redis", "waiting", "event", ("part", *EPOLL),
         "a script every 80 ms", twin="redis-busy")
    case("redis-cli-blocked", (redis(), Step("cli", ("redis-cli", "-p", "{port}", "BLPOP", "nothing", "0"),
         "asleep")), "cli", "io-bound", "network", ("blocked", *READ, *POLL),
         "redis-cli waits for an answer (the role decides: it asked)", twin="redis-idle")
    case("nginx-idle", NGINX, "nginx/nginx", "idle", "event", ("idle", *EPOLL), "nginx without a client",
         twin="nginx-busy")
    case("nginx-busy", (NGINX, Step("wrk", ("wrk", "-t1", "-c8", "-d600", "-H", "Accept-Encoding: gzip",
         "http://127.0.0.1:{nginxport}/text"), "cpu 0.02")), "nginx/nginx", "cpu-bound", USER, ("busy", "user"),
         "nginx compresses what it sends", twin="nginx-idle")
    case("wrk-waits", (NGINX, Step("wrk", ("wrk", "-t1", "-c8", "-d600", "-H", "Accept-Encoding: gzip",
         "http://127.0.0.1:{nginxport}/text"), "cpu 0.02")), "wrk", "io-bound", "network", ("blocked", *EPOLL),
         "and wrk, owed the answers", twin="nginx-idle")
    case("curl-slow-server", (NGINX, Step("curl", ("curl", "-s", "-o", "/dev/null",
         "http://127.0.0.1:{nginxport}/slow"), "asleep")), "curl", "io-bound", "network", ("blocked", *POLL),
         "curl, and a server that sends 20 kB/s", twin="curl-limits-itself")
    case("curl-limits-itself", (NGINX, Step("curl", ("curl", "-s", "--limit-rate", "100k", "-o", "/dev/null",
                                                     "http://127.0.0.1:{nginxport}/big"), "cpu 0.01")), "curl", "idle",
         ("sleep", "event"), ("idle", *POLL, *SLEEP), "curl that limits its own rate", twin="curl-slow-server")

    # Other run-times.
    case("node-spin", js("spin"), "node", "cpu-bound", USER, ("busy", "user"), "Node computes", twin="node-idle")
    case("node-idle", js("idle"), "node", "idle", "event", ("idle", *EPOLL, *FUTEX), "a Node server that nobody asks",
         twin="node-spin")
    case("node-part", js("part"), "node", "waiting", ("event", "sleep"), ("part", *EPOLL),
         "a timer with 20 ms of work in 100", twin="node-spin")
    case("node-client", (SERVER, js("client", "{port}")), "node", "io-bound", "network", ("blocked", *EPOLL),
         "Node asks a slow server", twin="node-idle")
    case("node-workers", js("workers"), "node", "cpu-bound", USER, ("busy", "user"), "two worker threads",
         twin="node-idle")
    case("node-fsync", js("fsync", realtime=True), "node", "io-bound", "disk", ("blocked", *SYNC), "fs.fsyncSync()",
         twin="node-spin")
    case("node-fsync-pool", js("pool", realtime=True), "node", "io-bound", "disk", ("spread", *SYNC),
         "the same by libuv's pool of threads", twin="node-fsync")
    case("jvm-spin", jvm("spin"), "jvm", "cpu-bound", USER, ("busy", "user"), "the JVM computes", twin="jvm-sleep")
    case("jvm-sleep", jvm("sleep"), "jvm", "idle", ("sleep", "event"), ("idle", *FUTEX), "Thread.sleep()",
         twin="jvm-spin")
    case("jvm-monitor", jvm("monitor"), "jvm", "lock-bound", "lock", ("blocked", *FUTEX), "six threads and one monitor",
         twin="jvm-pool")
    case("jvm-reentrant", jvm("reentrant"), "jvm", "lock-bound", "lock", ("blocked", *FUTEX),
         "six threads and one ReentrantLock", twin="jvm-pool")
    case("jvm-pool", jvm("pool"), "jvm", "idle", ("event", "child"), ("idle", *FUTEX), "an executor without work",
         twin="jvm-monitor")
    case("jvm-pool-slow", jvm("pool_slow"), "jvm", "waiting", ("event", "child"), ("part", *FUTEX),
         "an executor of four that gets a task of 5 ms now and then", twin="jvm-reentrant")
    case("jvm-pool-full", jvm("pool_full"), "jvm", "cpu-bound", USER, ("busy", "user"),
         "an executor of two that has more to do than time", twin="jvm-reentrant")
    case("jvm-turns", jvm("turns"), "jvm", "cpu-bound", USER, ("busy_together", "user"),
         "one task after the other, by the four threads of an executor in turn: each works for a quarter of the time",
         twin="jvm-reentrant")
    case("jvm-handoff", jvm("handoff"), "jvm", "cpu-bound", USER, ("busy", "user"),
         "one computes what three wait for at a SynchronousQueue", twin="jvm-monitor")
    case("jvm-pipeline", jvm("pipeline"), "jvm", "cpu-bound", USER, ("busy", "user"),
         "five stages, of which the first one computes", twin="jvm-monitor")
    case("jvm-fork-join", jvm("fork_join"), "jvm", "cpu-bound", USER, ("busy_together", "user"),
         "two threads of a ForkJoinPool split the work", twin="jvm-fork-join-slow")
    case("jvm-fork-join-slow", jvm("fork_join_slow"), "jvm", "waiting", ("event", "child"), ("part", *FUTEX),
         "four of them, and a pause after a little of it", twin="jvm-fork-join")
    case("own-park-lock", own("park", "6", "lock"), "own", "lock-bound", "lock", ("blocked", *FUTEX),
         "six threads and one lock, each waits for it at a futex of its own", twin="own-park-pipeline", kind="own")
    case("own-park-pipeline", own("park", "6", "pipeline"), "own", "cpu-bound", USER, ("busy", "user"),
         "each wakes the next one; the first one computes", twin="own-park-lock", kind="own")
    case("own-park-turns", own("park", "5", "turns"), "own", "cpu-bound", USER, ("busy_together", "user"),
         "one hands a task to each of four in turn, and waits until it is done", twin="own-park-lock", kind="own")
    case("own-park-pool", own("park", "5", "pool"), "own", "idle", "event", ("idle", *FUTEX),
         "four that are woken in turn for something small", twin="own-park-lock", kind="own")
    case("jvm-client", (SERVER, jvm("client", "{port}")), "jvm", "io-bound", "network", ("blocked", *READ, *POLL),
         "the JVM asks a slow server", twin="jvm-sleep")
    case("jvm-fsync", jvm("fsync", realtime=True), "jvm", "io-bound", "disk", ("blocked", *SYNC),
         "FileDescriptor.sync()", twin="jvm-spin")
    case("go-spin", go("spin"), "go", "cpu-bound", USER, ("busy", "user"), "Go computes", twin="go-sleep")
    case("go-sleep", go("sleep"), "go", "idle", ("event", "sleep"), ("idle", *FUTEX, *EPOLL, *SLEEP), "time.Sleep()",
         twin="go-spin")
    case("go-client", (SERVER, go("client", "{port}")), "go", "io-bound", "network", ("spread", *EPOLL),
         "Go asks a slow server", twin="go-sleep")
    case("go-fsync", go("fsync", realtime=True), "go", "io-bound", "disk", ("spread", *SYNC), "File.Sync()",
         twin="go-spin")
    case("ruby-spin", ruby("spin"), "ruby", "cpu-bound", USER, ("busy", "user"), "Ruby computes", twin="ruby-threads")
    case("ruby-threads", ruby("threads"), "ruby", "lock-bound", ("gil", "lock"), ("blocked", *FUTEX),
         "four threads compute: three wait for Ruby's lock", twin="ruby-spin")
    case("ruby-sleep", ruby("sleep"), "ruby", "idle", ("sleep", "event"), ("idle", *FUTEX, *SLEEP, *POLL), "sleep",
         twin="ruby-spin")
    case("ruby-client", (SERVER, ruby("client", "{port}")), "ruby", "io-bound", "network", ("blocked", *READ, *POLL),
         "Ruby asks a slow server", twin="ruby-sleep")
    case("perl-spin", perl("spin"), "perl", "cpu-bound", USER, ("busy", "user"), "Perl computes", twin="perl-sleep")
    case("perl-sleep", perl("sleep"), "perl", "idle", "sleep", ("idle", *SLEEP, *POLL), "sleep", twin="perl-spin")
    case("perl-flock", perl("flock"), "worker", "lock-bound", "lock", ("blocked", "flock"),
         "four processes and one file lock", twin="perl-spin")
    case("perl-pipe", perl("pipe"), "perl", "io-bound", "ipc", ("blocked", "read:pipe"), "reads what a child computes",
         twin="gzip-slow-writer")
    return cases
