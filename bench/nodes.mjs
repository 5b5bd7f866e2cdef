// Revocations with one and with three nodes on the PostgreSQL in TEST_POSTGRES_URL, while nothing else happens: how long an
// answer takes, and whether any node accepts the key afterwards. `scripts/with-postgres scripts/bench nodes`.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { folder, Portal } from './portal.mjs';
import { at, Managed } from './revocations.mjs';
import { goal, ms, number, revocations as count, say } from './settings.mjs';

async function status(node, key) {
  const answer = await fetch(`${node.base}/v1/auth`, { headers: { 'x-api-key': key.secret_key } });
  await answer.arrayBuffer();
  return answer.status;
}

// A further node with the first one's master key.
async function beside(first, name, env) {
  const data = join(folder, name);
  mkdirSync(data, { mode: 0o700 });
  copyFileSync(join(first.data, 'master.key'), join(data, 'master.key'));
  return Portal.start(name, [], env);
}

async function measured(first, nodes) {
  const managed = new Managed(first);
  const keys = await managed.keys(first.app.split('/').pop(), count);
  const took = [];
  let accepted = 0;
  for (const key of keys) {
    for (const node of nodes) {
      const warm = await status(node, key);
      if (warm !== 200) throw new Error(`a node answered ${warm} for a key in force`);
    }
    took.push(await managed.timed(`/v1/keys/${key.key_id}/revoke`));
    const after = await Promise.all(nodes.map(node => status(node, key)));
    accepted += after.filter(answer => answer === 200).length;
  }
  const name = `${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}`;
  goal(`PostgreSQL, ${name}: p99 of a revocation, ms`, at(took, 0.99), { most: 50 });
  goal(`PostgreSQL, ${name}: accepted after the answer`, accepted, { most: 0 });
  return `| ${name} | ${number(took.length)} | ${[0.5, 0.99, 1].map(part => ms(at(took, part))).join(' | ')} | ${accepted} |`;
}

export async function nodes() {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url) throw new Error('TEST_POSTGRES_URL names a PostgreSQL; see scripts/with-postgres');
  const env = { SALLYPORT_DATABASE_URL: url };
  say('Revoking with one and with three nodes …');
  const first = await (await Portal.start('node-1', [], env)).setUp();
  const alone = await measured(first, [first]);
  const others = [await beside(first, 'node-2', env), await beside(first, 'node-3', env)];
  const three = await measured(first, [first, ...others]);
  await Promise.all([first, ...others].map(node => node.end()));
  return `## Revocations with several nodes

On PostgreSQL, all on this machine, nothing else happens. A revocation is answered once every node refuses the key.

| nodes | revocations | median | p99 | slowest | accepted afterwards |
|---|---:|---:|---:|---:|---:|
${alone}
${three}
`;
}
