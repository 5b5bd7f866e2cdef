// Unknown keys at full speed from one address, while another address sends a valid one.
import { readFileSync } from 'node:fs';
import { auth_args, unknown_args } from './ask.mjs';
import { flood_seconds, goal, ms, number, say } from './settings.mjs';
import { load } from './wrk.mjs';

const few_connections = 16;

// How often a key was looked up, counted by the statements that sqlx logs.
const finder = /FROM key_secrets s JOIN keys/g;
export const look_ups = portal => (readFileSync(portal.log, 'utf8').match(finder) ?? []).length;

export async function flood(portal) {
  const good = {
    args: ['-H', 'x-forwarded-for: 198.51.100.7', ...auth_args(portal.base, portal.key)],
    connections: few_connections,
  };
  const bad = { args: unknown_args(portal.base, '203.0.113.9'), connections: few_connections, refused: true };
  say(`Flooding with unknown keys for ${flood_seconds} s …`);
  await load(good, 1); // warm
  const calm = await load(good, Math.min(10, flood_seconds));
  const memory_before = portal.memory();
  const asked_before = look_ups(portal);
  const [loud, quiet] = await Promise.all([load(bad, flood_seconds), load(good, flood_seconds)]);
  const asked = (look_ups(portal) - asked_before) / flood_seconds;
  const grown = portal.memory() - memory_before;
  if (loud.refused !== loud.count) throw new Error(`${loud.count - loud.refused} unknown keys were not refused`);
  if (asked === 0) throw new Error('no unknown key was looked up at all: they are not what they should be');

  goal('p99 of valid keys during a flood, relative to before it', quiet.p99 / calm.p99, { most: 2 });
  goal('look-ups per second during a flood', asked, { most: 100 });
  goal('memory that a flood takes, in MB', grown, { most: 32 });
  return `## A flood of unknown keys

${flood_seconds} s of unknown keys with a valid checksum, from one address, as fast as \`wrk\` can; meanwhile another address verifies
a valid key. ${few_connections} connections each. All clients share the server's processors.

| | per second | p99 |
|---|---:|---:|
| valid keys before | ${number(calm.rate)} | ${ms(calm.p99)} |
| valid keys meanwhile | ${number(quiet.rate)} | ${ms(quiet.p99)} (${(quiet.p99 / calm.p99).toFixed(2)} ×) |
| unknown keys, each refused | ${number(loud.rate)} | ${ms(loud.p99)} |
| look-ups in the database | ${asked.toFixed(1)} | |

The process grew by ${grown.toFixed(1)} MB.
`;
}
