// SPDX-License-Identifier: GPL-2.0-or-later
// Node programs of one shape each: shapes.js NAME [ARGUMENT…]
'use strict';
const fs = require('fs');
const net = require('net');
const { Worker, isMainThread } = require('worker_threads');

function spin(ms) {
  const end = performance.now() + ms;
  let n = 0;
  while (performance.now() < end) n++;
  return n;
}

// Records behind each other, as logs are written: then the journal waits for the disk, too.
const block = Buffer.alloc(4096);
const shapes = {
  spin() { console.log('ready'); for (;;) spin(1000); },
  idle() { net.createServer().listen(0, '127.0.0.1', () => console.log('ready')); },
  part() { console.log('ready'); setInterval(() => spin(20), 100); },
  client(port) {
    const socket = net.connect(Number(port), '127.0.0.1', () => { console.log('ready'); socket.write('.'); });
    socket.on('data', () => socket.write('.'));
  },
  workers() {
    for (let i = 0; i < 2; i++) new Worker(__filename, { argv: ['spin'] });
  },
  fsync() {
    const fd = fs.openSync('log', 'w');
    console.log('ready');
    for (;;) { fs.writeSync(fd, block); fs.fsyncSync(fd); }
  },
  // By libuv's pool of four threads, one at a time.
  async pool() {
    const file = await fs.promises.open('log', 'w');
    console.log('ready');
    for (;;) { fs.writeSync(file.fd, block); await file.sync(); }
  },
};
if (isMainThread) shapes[process.argv[2]](...process.argv.slice(3));
else for (;;) { spin(1000); }
if (process.argv[2] === 'workers') console.log('ready');
