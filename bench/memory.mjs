// Bytes of resident memory that each cached key takes.
import { execFileSync } from 'node:child_process';
import { cached, cached_program, goal, number, say } from './settings.mjs';

// Of the keys of a server that ended, from the `first` on. A process that does nothing else asks about them, one after the
// other: what requests in flight leave behind, and how many are at once, is another figure each time.
export function memory(server, first) {
  // Before it measures: what the database's own caches take.
  const warm = Math.ceil(cached / 2);
  say(`Asking about ${number(warm + cached)} keys …`);
  const numbers = [first, warm, cached].map(String);
  const said = execFileSync(cached_program, [server.data, server.secrets, ...numbers], { encoding: 'utf8' });
  const bytes = Number(said);
  if (!(bytes > 0)) throw new Error(`${cached_program} said ${said}`);
  goal('bytes of memory per cached key', bytes, { most: 300 });
  return `## Memory

${number(cached)} keys more in a verifier’s cache, each asked about once, made the process ${bytes.toFixed(0)} bytes larger per key
(\`server/examples/cached.rs\`): its record, its place in the cache, what its limits count, and what looking it up left behind.
`;
}
