// SPDX-License-Identifier: GPL-2.0-or-later
// JVM programs of one shape each: Shapes.java NAME [ARGUMENT…]
import java.io.RandomAccessFile;
import java.net.Socket;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

public class Shapes {
    static final Object monitor = new Object();
    static final ReentrantLock lock = new ReentrantLock();
    static volatile long sink;

    static void spin(long ms) {
        long end = System.nanoTime() + ms * 1_000_000;
        while (System.nanoTime() < end)
            sink++;
    }

    static void ready() {
        System.out.println("ready");
        System.out.flush();
    }

    static void start(int threads, Runnable work) {
        for (int i = 0; i < threads; i++) {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** Work that splits until it is small. */
    static class Split extends RecursiveAction {
        final int depth;

        Split(int depth) {
            this.depth = depth;
        }

        protected void compute() {
            if (depth == 0)
                spin(2);
            else
                invokeAll(new Split(depth - 1), new Split(depth - 1));
        }
    }

    interface Stage {
        void run() throws Exception;
    }

    static void repeat(Stage stage) {
        start(1, () -> {
            try {
                for (;;)
                    stage.run();
            } catch (Exception e) {
                throw new RuntimeException(e);
            }
        });
    }

    public static void main(String[] a) throws Exception {
        switch (a[0]) {
        case "spin":
            ready();
            for (;;)
                spin(1000);
        case "sleep":
            ready();
            for (;;)
                Thread.sleep(50);
        case "monitor":
            start(6, () -> { for (;;) synchronized (monitor) { spin(5); } });
            break;
        case "reentrant":
            start(6, () -> { for (;;) { lock.lock(); try { spin(5); } finally { lock.unlock(); } } });
            break;
        case "pool":
            var pool = Executors.newFixedThreadPool(4);
            for (int i = 0; i < 8; i++)
                pool.submit(() -> spin(5));
            break;
        case "pool_slow":
            ExecutorService slow = Executors.newFixedThreadPool(4);
            ready();
            for (;;) {
                slow.submit(() -> spin(5));
                Thread.sleep(20);
            }
        case "pool_full":
            ExecutorService full = new ThreadPoolExecutor(2, 2, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(4),
                (task, executor) -> {
                    try {
                        executor.getQueue().put(task);
                    } catch (InterruptedException e) {
                        throw new RuntimeException(e);
                    }
                });
            ready();
            for (;;)
                full.execute(() -> spin(5));
        case "turns": // one task after the other, by four threads in turn
            ExecutorService one = Executors.newFixedThreadPool(4);
            ready();
            for (;;)
                one.submit(() -> spin(5)).get();
        case "handoff": // three wait for what one computes
            var exchange = new SynchronousQueue<Integer>();
            repeat(() -> { spin(5); exchange.put(1); });
            for (int i = 0; i < 3; i++)
                repeat(exchange::take);
            break;
        case "pipeline": // five stages, of which the first computes
            BlockingQueue<Integer> next = new ArrayBlockingQueue<>(1);
            final var source = next;
            repeat(() -> { spin(5); source.put(1); });
            for (int i = 0; i < 4; i++) {
                final var in = next;
                final var out = new ArrayBlockingQueue<Integer>(1);
                final boolean last = i == 3;
                repeat(() -> { int item = in.take(); if (!last) out.put(item); });
                next = out;
            }
            break;
        case "fork_join":
            var crowd = new ForkJoinPool(2);
            ready();
            for (;;)
                crowd.invoke(new Split(5));
        case "fork_join_slow":
            var idlers = new ForkJoinPool(4);
            ready();
            for (;;) {
                idlers.invoke(new Split(2));
                Thread.sleep(30);
            }
        case "client":
            try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(a[1]))) {
                ready();
                for (;;) {
                    socket.getOutputStream().write('.');
                    socket.getInputStream().read();
                }
            }
        case "fsync":
            // Records behind each other, as logs are written: then the journal waits for the disk, too.
            byte[] block = new byte[4096];
            try (var file = new RandomAccessFile("log", "rw")) {
                ready();
                for (;;) {
                    file.write(block);
                    file.getFD().sync();
                }
            }
        default:
            throw new IllegalArgumentException(a[0]);
        }
        ready();
        Thread.currentThread().join();
    }
}
