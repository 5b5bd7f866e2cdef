// Bytes of resident memory that each cached key takes.
import { verify_each_args } from './ask.mjs';
import { cached, connections, goal, number, say, seconds } from './settings.mjs';
import { load } from './wrk.mjs';

// Verifies `count` keys from the `first` until each was verified.
async function fill(server, first, count) {
  let left = count;
  while (left > 0) {
    // wrk restarts its script at each run, so each run starts where the previous one ended.
    const args = verify_each_args(server.base, server.secrets, server.root, first + count - left, left);
    left -= (await load({ args }, Math.max(seconds, 5))).count - connections;
  }
}

export async function memory(server, first) {
  // The database's own caches, and temporary memory of the peak.
  const warm = Math.ceil(cached / 2);
  say(`Asking about ${number(cached)} keys …`);
  await fill(server, first, warm);
  await server.rest();
  const before = server.memory();
  await fill(server, first + warm, cached);
  await server.rest();
  const bytes = ((server.memory() - before) * 1024 * 1024) / cached;
  goal('bytes of memory per cached key', bytes, { most: 300 });
  return `## Memory

${number(cached)} keys more in the cache, each asked about once, made the process ${bytes.toFixed(0)} bytes larger per key: its
record, its place in the cache, what its limits count, and whatever else answering left behind.
`;
}
