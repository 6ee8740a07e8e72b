// SPDX-License-Identifier: GPL-2.0-or-later
// Threads that wait for locks, and others that wait for anything else; each measures itself how long a lock took.
// Says how long, for each thread, at every line of its input, and at its end: Locks SECONDS.
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

public class Locks {
    interface Body {
        void run(Waits waits) throws Exception;
    }

    /** How long a thread has waited for its lock; it still does since begin, if that is not 0. */
    static class Waits {
        Thread thread;
        long ns, begin;

        synchronized void begin() {
            begin = System.nanoTime();
        }

        synchronized void end() {
            ns += System.nanoTime() - begin;
            begin = 0;
        }

        synchronized long now() {
            return ns + (begin == 0 ? 0 : System.nanoTime() - begin);
        }
    }

    static final List<Waits> all = new ArrayList<>();

    static void start(String name, int count, Body body) {
        for (int i = 1; i <= count; i++) {
            Waits waits = new Waits();
            waits.thread = new Thread(() -> {
                try {
                    for (;;)
                        body.run(waits);
                } catch (Exception e) {
                    throw new RuntimeException(e);
                }
            }, name + "-" + i);
            waits.thread.setDaemon(true);
            all.add(waits);
            waits.thread.start();
        }
    }

    static void take(Lock lock, Waits waits, int ms) throws Exception {
        waits.begin();
        lock.lock();
        waits.end();
        try {
            Thread.sleep(ms);
        } finally {
            lock.unlock();
        }
    }

    static void enter(Object monitor, Waits waits, int ms) throws Exception {
        waits.begin();
        synchronized (monitor) {
            waits.end();
            Thread.sleep(ms);
        }
    }

    static void tell() {
        StringBuilder line = new StringBuilder("waited");
        for (Waits waits : all) {
            ThreadInfo info = ManagementFactory.getThreadMXBean().getThreadInfo(waits.thread.getId());
            line.append(' ').append(waits.thread.getName()).append('=').append(waits.now()).append('=')
                .append(info == null ? "" : info.getThreadState());
        }
        System.out.println(line);
        System.out.flush();
    }

    public static void main(String[] a) throws Exception {
        Object monitor = new Object(), unfair = new Object(), signal = new Object();
        ReentrantLock lock = new ReentrantLock(true), barged = new ReentrantLock();
        ReentrantReadWriteLock rw = new ReentrantReadWriteLock();
        start("monitor", 3, w -> enter(monitor, w, 20));
        start("fair", 3, w -> take(lock, w, 20));
        start("write", 2, w -> take(rw.writeLock(), w, 20));
        // Whoever has it takes it again at once: the others hardly ever get it.
        start("unfair", 3, w -> enter(unfair, w, 20));
        start("barged", 3, w -> take(barged, w, 20));
        start("waiter", 2, w -> { synchronized (signal) { signal.wait(); } });
        start("notifier", 1, w -> { Thread.sleep(20); synchronized (signal) { signal.notifyAll(); } });
        SynchronousQueue<Integer> queue = new SynchronousQueue<>();
        start("taker", 2, w -> queue.take());
        start("giver", 1, w -> { Thread.sleep(20); queue.put(1); });
        CountDownLatch never = new CountDownLatch(1);
        start("latch", 2, w -> never.await());
        ThreadPoolExecutor pool = (ThreadPoolExecutor) Executors.newFixedThreadPool(2);
        pool.prestartAllCoreThreads();
        Thread.sleep(200);
        tell();
        if (a.length > 0) {
            Thread.sleep((long) (Double.parseDouble(a[0]) * 1000));
            tell();
            System.exit(0);
        }
        while (System.in.read() >= 0)
            tell();
        System.exit(0);
    }
}
