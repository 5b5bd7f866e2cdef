// Revocations while every key is verified over 32 connections: one key at a time, and all keys of an app that were
// just used. On SQLite, and on the PostgreSQL in TEST_POSTGRES_URL (`scripts/soak revocations` starts one).
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verify_each_args } from './ask.mjs';
import { folder, Portal } from './portal.mjs';
import { binary, goal, ms, number, revocations as count, say } from './settings.mjs';
import { load } from './wrk.mjs';

const CONNECTIONS = 32;
// Keys that are verified continuously, and the number of an app's keys that are revoked at once.
const STEADY = 500;
const OF_APP = 4;

export const at = (list, part) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * part))];

export class Managed {
  constructor(portal) {
    this.portal = portal;
    const args = ['token', 'create', '--name', 'revocations', '--manage', '--data', portal.data];
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: portal.env };
    this.token = execFileSync(binary, args, options).trim();
  }

  post = (path, body) => this.send('POST', path, body);
  patch = (path, body) => this.send('PATCH', path, body);

  async send(method, path, body) {
    const headers = { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
    const answer = await fetch(this.portal.base + path, { method, headers, body: JSON.stringify(body) });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}\n${said}`);
    return said === '' ? {} : JSON.parse(said);
  }

  async get(path) {
    const answer = await fetch(this.portal.base + path, { headers: { authorization: `Bearer ${this.token}` } });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status}`);
    return answer.json();
  }

  // Keys of an app, eight at a time.
  async keys(app, many) {
    const body = { label: 'revocations', environment: 'production', scopes: ['read'], signing_secret: false };
    const keys = [];
    const make = async () => {
      while (keys.length < many) {
        const place = keys.push(undefined) - 1;
        keys[place] = await this.post(`/v1/apps/${app}/keys`, body);
      }
    };
    await Promise.all(Array.from({ length: 8 }, make));
    return keys;
  }

  async timed(path) {
    const began = performance.now();
    await this.post(path, { reason: 'measured' });
    return performance.now() - began;
  }
}

// Continuous verifications while `work` runs; returns their number.
async function under_load(portal, token, keys, work) {
  const file = join(folder, `${portal.data.split('/').pop()}.secrets`);
  writeFileSync(file, keys.map(key => `${key.secret_key}\n`).join(''));
  const args = verify_each_args(portal.base, file, token, 0, keys.length);
  let ended = false;
  let verified = 0;
  const traffic = (async () => {
    while (!ended) verified += (await load({ args, connections: CONNECTIONS, refused: true }, 2)).count;
  })();
  // Each key was used, and its use written.
  await new Promise(done => setTimeout(done, 4_000));
  try {
    await work();
  } finally {
    ended = true;
    await traffic;
  }
  return verified;
}

async function measured(name, env, flags) {
  say(`Revoking on ${name} …`);
  const portal = await (await Portal.start(`revocations-${name}`, flags, env)).setUp();
  const managed = new Managed(portal);
  const app = portal.app.split('/').pop();
  const keys = await managed.keys(app, STEADY + count);
  const project = portal.project.split('/').pop();
  const other = await managed.post(`/v1/projects/${project}/apps`, { name: 'All at once', os: 'backend' });
  const [single, all] = [[], []];
  const verified = await under_load(portal, managed.token, keys, async () => {
    for (const key of keys.slice(STEADY)) single.push(await managed.timed(`/v1/keys/${key.key_id}/revoke`));
    for (let n = 0; n < count; n++) {
      for (const key of await managed.keys(other.app_id, OF_APP)) {
        await managed.post('/v1/keys/verify', { key: key.secret_key });
      }
      all.push(await managed.timed(`/v1/apps/${other.app_id}/keys/revoke-all`));
    }
  });
  await portal.end();
  const line = (what, list) =>
    `| ${name} | ${what} | ${number(list.length)} | ${[0.5, 0.99, 1].map(part => ms(at(list, part))).join(' | ')} |`;
  goal(`${name}: p99 of a revocation, ms`, at(single, 0.99), { most: 30 });
  goal(`${name}: p99 of *Revoke all*, ms`, at(all, 0.99), { most: 100 });
  return [`${line('one key', single)}\n${line('all keys of an app', all)}`, verified];
}

export async function revocations() {
  const url = process.env.TEST_POSTGRES_URL;
  const parts = [await measured('SQLite', {}, [])];
  if (url) parts.push(await measured('PostgreSQL', { SALLYPORT_DATABASE_URL: url }, []));
  const log = process.env.TEST_POSTGRES_LOG;
  if (url && log && existsSync(log)) {
    const deadlocks = readFileSync(log, 'utf8').split('deadlock detected').length - 1;
    goal('PostgreSQL: deadlocks in its log', deadlocks, { most: 0 });
  }
  return `## Revocations under load

${CONNECTIONS} connections verify all the time (${number(parts.reduce((sum, [, verified]) => sum + verified, 0))} verifications).

| on | what | how many | median | p99 | slowest |
|---|---|---:|---:|---:|---:|
${parts.map(([lines]) => lines).join('\n')}
`;
}
