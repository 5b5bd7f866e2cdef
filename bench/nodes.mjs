// Several nodes on the PostgreSQL in TEST_POSTGRES_URL: revocations on one and on three, idle and under load, and whether any
// node accepts a key afterwards; what a node that forgot everything looks up; how soon one that is cut off refuses everything;
// how soon one that starts judges. `scripts/with-postgres scripts/bench nodes`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { auth_each_args } from './ask.mjs';
import { cut_off } from './cut_off.mjs';
import { folder, Portal } from './portal.mjs';
import { at, Managed } from './revocations.mjs';
import { connections, goal, ms, node_revocations, number, revocations as count, say } from './settings.mjs';
import { beside, database, status, until } from './several.mjs';
import { starting } from './starting.mjs';
import { storm } from './storm.mjs';
import { load } from './wrk.mjs';

// Keys that are verified all the time under load.
const STEADY = 500;

// Each key in the memory of all nodes, then revoked on one of them, then asked about on all.
async function revoked(first, nodes, keys) {
  const managed = new Managed(first);
  const took = [];
  let accepted = 0;
  for (const key of keys) {
    // A node that is too busy to renew refuses everything for a moment.
    for (const node of nodes) await until(node, key.secret_key, 200);
    took.push(await managed.timed(`/v1/keys/${key.key_id}/revoke`));
    const after = await Promise.all(nodes.map(node => status(node, key.secret_key)));
    accepted += after.filter(answer => answer === 200).length;
  }
  return { took, accepted };
}

async function measured(first, nodes, how, many, most) {
  const app = first.app.split('/').pop();
  const keys = await new Managed(first).keys(app, many);
  const { took, accepted } = await revoked(first, nodes, keys);
  const name = `${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}, ${how}`;
  goal(`PostgreSQL, ${name}: p99 of a revocation, ms`, at(took, 0.99), { most });
  goal(`PostgreSQL, ${name}: accepted after the answer`, accepted, { most: 0 });
  return `| ${name} | ${number(took.length)} | ${[0.5, 0.99, 1].map(part => ms(at(took, part))).join(' | ')} | ${accepted} |`;
}

// While each node verifies other keys as fast as it can.
async function under_load(first, nodes, work) {
  const steady = await new Managed(first).keys(first.app.split('/').pop(), STEADY);
  const file = join(folder, `${nodes.length}.secrets`);
  writeFileSync(file, steady.map(key => `${key.secret_key}\n`).join(''));
  let [ended, verified] = [false, 0];
  const each = Math.max(2, Math.round(connections / 2 / nodes.length));
  const traffic = nodes.map(async node => {
    const args = auth_each_args(node.base, file, 0, STEADY);
    while (!ended) verified += (await load({ args, connections: each, refused: true }, 2)).count;
  });
  await new Promise(done => setTimeout(done, 4_000));
  try {
    return [await work(), () => verified];
  } finally {
    ended = true;
    await Promise.all(traffic);
  }
}

export async function nodes() {
  const env = { SALLYPORT_DATABASE_URL: database() };
  say('Revoking with one and with three nodes …');
  const first = await (await Portal.start('node-1', [], env)).setUp();
  const lines = [await measured(first, [first], 'idle', count, 50)];
  const [loaded, of_one] = await under_load(first, [first], () => measured(first, [first], 'under load', count, 250));
  lines.push(loaded);
  const three = [first, await beside(first, 'node-2', env), await beside(first, 'node-3', env)];
  lines.push(await measured(first, three, 'idle', node_revocations, 50));
  const [all, of_three] = await under_load(first, three, () => measured(first, three, 'under load', count, 250));
  lines.push(all);
  await Promise.all(three.map(node => node.end()));
  return `## Several nodes

On PostgreSQL, all on this machine, without waiting for its disk. A revocation is answered once every node refuses the key. Under load, each node verifies
${STEADY} other keys in turn as fast as it can (${number(of_one() + of_three())} verifications).

| nodes | revocations | median | p99 | slowest | accepted afterwards |
|---|---:|---:|---:|---:|---:|
${lines.join('\n')}

${await storm()}
${await cut_off()}
${await starting()}`;
}
