// SPDX-License-Identifier: GPL-2.0-or-later
// JVM programs of one shape each: Shapes.java NAME [ARGUMENT…]
import java.io.RandomAccessFile;
import java.net.Socket;
import java.util.concurrent.Executors;
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
        case "client":
            try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(a[1]))) {
                ready();
                for (;;) {
                    socket.getOutputStream().write('.');
                    socket.getInputStream().read();
                }
            }
        case "fsync":
            byte[] block = new byte[1 << 20];
            try (var file = new RandomAccessFile("log", "rw")) {
                ready();
                for (;;) {
                    file.seek(0);
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
