// Revocations while the counts of very many keys are written: every two seconds those of all that were used since. While
// verifications go on, which take all the processor time there is; and after they stopped, while what they left is written. On
// SQLite, and on the PostgreSQL in TEST_POSTGRES_URL, if there is one.
import { verify_each_args } from './ask.mjs';
import { Portal } from './portal.mjs';
import { at, Managed } from './revocations.mjs';
import { goal, many, ms, number, say } from './settings.mjs';
import { load } from './wrk.mjs';

const CONNECTIONS = 32;
// Revoked one after another in each of both; several flushes happen meanwhile.
const REVOKED = 300;
const PAUSE = 40;

const pause = time => new Promise(done => setTimeout(done, time));

async function measured(name, env) {
  const portal = await (await Portal.start(`flush-${name}`, ['--cache-keys', String(4 * many)], env)).setUp('pro');
  say(`Making ${number(many)} keys on ${name} …`);
  portal.fill(many);
  portal.makeRoot();
  const managed = new Managed(portal);
  const keys = await managed.keys(portal.app.split('/').pop(), 2 * REVOKED);
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
  const revoke = key => managed.timed(`/v1/keys/${key.key_id}/revoke`);
  const took = [];
  try {
    for (const key of keys.splice(0, REVOKED)) {
      took.push(await revoke(key));
      await pause(PAUSE);
    }
  } finally {
    ended = true;
    await loading;
  }
  const alone = [];
  while (keys.length > 0) {
    await load(traffic, 4);
    const [used, bursts] = [new Date(), alone.length];
    let written = false;
    const waiting = (async () => {
      while (!written) {
        written = new Date((await managed.get(`/v1/orgs/${portal.org.split('/').pop()}/usage`)).as_of) >= used;
        await pause(100);
      }
    })();
    while (!written && keys.length > 0) {
      alone.push(await revoke(keys.pop()));
      await pause(PAUSE);
    }
    await waiting;
    if (alone.length === bursts) throw new Error('nothing was revoked while counts were written');
  }
  await portal.end();
  const rate = runs.reduce((sum, run) => sum + run.rate, 0) / runs.length;
  goal(`${name}: p99 of a revocation while the counts of ${number(many)} keys are written, ms`, at(alone, 0.99), { most: 30 });
  const row = (load, list) => `| ${load} | ${[0.5, 0.99, 1].map(part => ms(at(list, part))).join(' | ')}`;
  return [
    `${row(`${name}, while they are written`, alone)} | |`,
    `${row(`${name}, with ${number(rate)} verifications per second as well`, took)} | ${number(grown)} |`,
  ].join('\n');
}

export async function flush() {
  const url = process.env.TEST_POSTGRES_URL;
  const rows = [await measured('SQLite', {})];
  if (url) rows.push(await measured('PostgreSQL', { SALLYPORT_DATABASE_URL: url }));
  return `## Writing the counts of many keys

${number(many)} keys are verified in turn over ${CONNECTIONS} connections, and what was counted is written every two seconds. Meanwhile
${number(REVOKED)} other keys are revoked, one after another: after the verifications stopped, while what they left is written; and while
they go on, with client, server and database on the same two cores, which are never idle then. The memory is that by which the process grew when all keys were used for the
first time, per key: what is cached of it (see *Memory*), its counts until they are written, and what the database takes.

| on | median of a revocation | p99 | slowest | bytes per key |
|---|---:|---:|---:|---:|
${rows.join('\n')}
`;
}
