// Bytes of resident memory that each cached key takes.
import { execFileSync } from 'node:child_process';
import { cached, cached_program, goal, number, say } from './settings.mjs';

// Measures with the keys of a stopped server, from number `first` on. A separate process verifies them one after the other:
// the memory of concurrent requests differs from run to run.
export function memory(server, first) {
  // First fill the caches of the database.
  const warm = Math.ceil(cached / 2);
  say(`Verifying ${number(warm + cached)} keys …`);
  const numbers = [first, warm, cached].map(String);
  const said = execFileSync(cached_program, [server.data, server.secrets, ...numbers], { encoding: 'utf8' });
  const bytes = Number(said);
  if (!(bytes > 0)) throw new Error(`${cached_program} said ${said}`);
  goal('bytes of memory per cached key', bytes, { most: 300 });
  return `## Memory

With ${number(cached)} more keys in the cache of a verifier the process was ${bytes.toFixed(0)} bytes larger per key
(\`server/examples/cached.rs\`): its record, its place in the cache, the state of its limits, and what remains of the look-up.
`;
}
