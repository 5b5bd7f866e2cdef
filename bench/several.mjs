// Several nodes on one database, and what one of them answers about a key.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { folder, Portal } from './portal.mjs';

// A database of its own on the same server.
export function database() {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url) throw new Error('TEST_POSTGRES_URL names a PostgreSQL; see scripts/with-postgres');
  const name = `bench_${randomBytes(6).toString('hex')}`;
  const psql = process.env.TEST_POSTGRES_BIN ? join(process.env.TEST_POSTGRES_BIN, 'psql') : 'psql';
  execFileSync(psql, [url, '-qc', `CREATE DATABASE ${name}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  return url.replace(/\/[^/]*$/, `/${name}`);
}

export async function status(node, key) {
  const answer = await fetch(`${node.base}/v1/auth`, { headers: { 'x-api-key': key } });
  await answer.arrayBuffer();
  return answer.status;
}

// Asks until it is answered so.
export async function until(node, key, wanted) {
  const began = performance.now();
  for (;;) {
    const asked_at = performance.now();
    if ((await status(node, key)) === wanted) return { asked_at, after: performance.now() - began };
    if (asked_at - began > 30_000) throw new Error(`the node does not answer ${wanted}`);
  }
}

// A further node with the first one's master key.
export async function beside(first, name, env) {
  const data = join(folder, name);
  mkdirSync(data, { mode: 0o700 });
  copyFileSync(join(first.data, 'master.key'), join(data, 'master.key'));
  return Portal.start(name, [], env);
}
