// Everything that a node has in memory is forgotten at once, while all keys are asked for over many connections.
import { readFileSync } from 'node:fs';
import { auth_each_args } from './ask.mjs';
import { look_ups } from './flood.mjs';
import { database } from './several.mjs';
import { Portal } from './portal.mjs';
import { connections, few, goal, ms, number, say, seconds } from './settings.mjs';
import { load } from './wrk.mjs';

export async function storm() {
  // sqlx logs each statement, so that look-ups can be counted.
  const env = { SALLYPORT_DATABASE_URL: database(), SALLYPORT_LOG: 'warn,sqlx::query=debug' };
  const node = await (await Portal.start('storm', [], env)).setUp();
  // A change that concerns too many keys to name them.
  const org = await node.create('/orgs/new', { name: 'Gone', description: '', plan: 'starter', tenant: 'Default' });
  node.fill(few);
  say('Forgetting everything while all keys are asked for …');
  const args = auth_each_args(node.base, node.secrets, 0, few);
  // Each is in memory: a first use is looked up once more than later ones.
  await load({ args, connections }, Math.max(2, seconds));
  const before = look_ups(node);
  const loaded = load({ args, connections }, Math.max(4, 2 * seconds));
  await new Promise(done => setTimeout(done, 1_000));
  if (look_ups(node) !== before) throw new Error('keys were looked up that should be in memory');
  await node.create(`${org}/settings/delete`, { typed_name: 'Gone' });
  const { p99 } = await loaded;
  const asked = look_ups(node) - before;
  await node.end();
  if (asked === 0) throw new Error(`nothing was forgotten:\n${readFileSync(node.log, 'utf8').slice(-2000)}`);
  goal('look-ups for each key after everything is forgotten', asked / few, { most: 1 });
  return `### A storm of look-ups

${number(few)} keys are verified over ${connections} connections when everything in memory is forgotten: ${number(asked)} look-ups in
the database, p99 of all verifications ${ms(p99)}.
`;
}
