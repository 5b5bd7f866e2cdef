// What it costs to share limits over Redis: servers with it beside servers without. Keys without a limit and with a high one, which
// are spent from shares; and keys with a low one, for which Redis is asked with each request.
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { verify_args, verify_each_args } from './ask.mjs';
import { folder, Portal } from './portal.mjs';
import { Managed } from './revocations.mjs';
import { few, goal, ms, number, say } from './settings.mjs';
import { beside, measure, p99, rate } from './wrk.mjs';

// The highest that there is, and several keys: together more than any machine here verifies.
const HIGH = 1_000_000;
const KEYS = 10;
// This many keys in turn, so that few are refused.
const turn = Math.min(few, 1_000);

const path_of = name => {
  const is_there = file => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return process.env.PATH.split(delimiter).map(dir => join(dir, name)).find(is_there);
};
const program = () => path_of('redis-server') ?? path_of('valkey-server');
export const has_redis = () => program() !== undefined;

const free_port = () =>
  new Promise(done => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

// A Redis on loopback, without a disk.
async function redis() {
  const port = await free_port();
  const data = join(folder, 'redis');
  mkdirSync(data);
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', data];
  const server = spawn(program(), args, { stdio: 'ignore' });
  process.on('exit', () => server.kill('SIGKILL'));
  const answers = () =>
    new Promise(done => {
      const socket = connect(port, '127.0.0.1', () => done(socket.destroy() && true));
      socket.on('error', () => done(false));
    });
  while (!(await answers())) await new Promise(done => setTimeout(done, 20));
  return { url: `redis://127.0.0.1:${port}`, end: () => server.kill('SIGTERM') };
}

async function started(name, plan, flags) {
  const portal = await (await Portal.start(name, flags)).setUp(plan);
  portal.makeRoot();
  return portal;
}

async function with_high_limit(portal) {
  const managed = new Managed(portal);
  const keys = await managed.keys(portal.app.split('/').pop(), KEYS);
  for (const key of keys) await managed.patch(`/v1/keys/${key.key_id}`, { limit_per_minute: HIGH });
  const file = join(folder, `${portal.data.split('/').pop()}.high`);
  writeFileSync(file, keys.map(key => `${key.secret_key}\n`).join(''));
  return verify_each_args(portal.base, file, portal.root, 0, KEYS);
}

export async function sharing() {
  say('Verifying with Redis and without …');
  const shared = await redis();
  const flags = ['--redis-url', shared.url];
  const pairs = { none: [], high: [], low: [] };
  const portals = [];
  for (const [name, with_redis] of [['shared', flags], ['alone', []]]) {
    const free = await started(`${name}-free`, 'enterprise', with_redis);
    const low = await started(`${name}-low`, 'starter', with_redis);
    low.fill(turn);
    portals.push(free, low);
    pairs.none.push({ args: verify_args(free.base, free.key, free.root) });
    pairs.high.push({ args: await with_high_limit(free) });
    pairs.low.push({ args: verify_each_args(low.base, low.secrets, low.root, 0, turn) });
  }
  for (const portal of portals) await portal.rest();
  await measure(Object.values(pairs).flat());
  for (const portal of portals) await portal.end();
  shared.end();
  goal('verify with Redis, no limit, relative to without Redis', beside(...pairs.none), { least: 0.97 });
  goal('verify with Redis, a high limit, relative to without Redis', beside(...pairs.high), { least: 0.97 });
  const row = (what, [on, off]) =>
    `| ${[what, number(rate(on)), number(rate(off)), beside(on, off).toFixed(2), ms(p99(on)), ms(p99(off))].join(' | ')} |`;
  return `## Sharing over Redis

\`POST /v1/keys/verify\` on two servers, one of them with \`--redis-url\` and a Redis on the same machine. Limits below 6,000 a minute
ask Redis for each request; higher ones are spent from shares that a node takes ahead ([nodes.md](nodes.md#redis)).

| limit of the key | per second with Redis | without | ratio | p99 with Redis | without |
|---|---:|---:|---:|---:|---:|
${row('none', pairs.none)}
${row(`${number(HIGH)} a minute, ${KEYS} keys in turn`, pairs.high)}
${row(`600 a minute, ${number(turn)} keys in turn`, pairs.low)}
`;
}
