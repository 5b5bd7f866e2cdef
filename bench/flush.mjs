// Revocations while the counts of very many keys are written: every two seconds those of all that were used since. On SQLite,
// and on the PostgreSQL in TEST_POSTGRES_URL, if there is one.
import { verify_each_args } from './ask.mjs';
import { Portal } from './portal.mjs';
import { at, Managed } from './revocations.mjs';
import { goal, many, ms, number, say } from './settings.mjs';
import { load } from './wrk.mjs';

const CONNECTIONS = 32;
// Revoked one after another; several flushes happen meanwhile.
const REVOKED = 300;
const PAUSE = 40;

async function measured(name, env) {
  const portal = await (await Portal.start(`flush-${name}`, ['--cache-keys', String(4 * many)], env)).setUp('pro');
  say(`Making ${number(many)} keys on ${name} …`);
  portal.fill(many);
  portal.makeRoot();
  const managed = new Managed(portal);
  const keys = await managed.keys(portal.app.split('/').pop(), REVOKED);
  say('Revoking while their counts are written …');
  const traffic = { args: verify_each_args(portal.base, portal.secrets, portal.root, 0, many), connections: CONNECTIONS, refused: true };
  // Each key was looked up and counted.
  const before = portal.memory();
  await load(traffic, 15);
  const grown = ((portal.memory() - before) * 1024 * 1024) / many;
  let ended = false;
  const runs = [];
  const loading = (async () => {
    while (!ended) runs.push(await load(traffic, 3));
  })();
  const took = [];
  try {
    for (const key of keys) {
      took.push(await managed.timed(`/v1/keys/${key.key_id}/revoke`));
      await new Promise(done => setTimeout(done, PAUSE));
    }
  } finally {
    ended = true;
    await loading;
  }
  await portal.end();
  const rate = runs.reduce((sum, run) => sum + run.rate, 0) / runs.length;
  goal(`${name}: p99 of a revocation while ${number(many)} keys are counted, ms`, at(took, 0.99), { most: 30 });
  return `| ${name} | ${number(rate)} | ${[0.5, 0.99, 1].map(part => ms(at(took, part))).join(' | ')} | ${number(grown)} |`;
}

export async function flush() {
  const url = process.env.TEST_POSTGRES_URL;
  const rows = [await measured('SQLite', {})];
  if (url) rows.push(await measured('PostgreSQL', { SALLYPORT_DATABASE_URL: url }));
  return `## Writing the counts of many keys

${number(many)} keys are verified in turn over ${CONNECTIONS} connections, and what was counted is written every two seconds. Meanwhile
${number(REVOKED)} other keys are revoked, one after another. The memory is that by which the process grew when all keys were used for the
first time, per key: what is cached of it (see *Memory*), its counts until they are written, and what the database takes.

| on | verifications per second | median of a revocation | p99 | slowest | bytes per key |
|---|---:|---:|---:|---:|---:|
${rows.join('\n')}
`;
}
