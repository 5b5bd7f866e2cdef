// This binary compared with an older one (BENCH_BASE), in one run: what must not be slower, and what had to improve.
import { execFileSync } from 'node:child_process';
import { auth_args, verify_args } from './ask.mjs';
import { list } from './lists.mjs';
import { Portal } from './portal.mjs';
import { connections, few, goal, median, ms, number, older, ours } from './settings.mjs';
import { beside, measure, p99, rate } from './wrk.mjs';

const both = [
  ['this', ours],
  ['older', older],
];

// Memory of a server that only answered its readiness probe; the median of three in new folders.
async function at_start() {
  const found = both.map(() => []);
  for (let turn = 0; turn < 3; turn++) {
    for (const [at, [name, programs]] of both.entries()) {
      const portal = await Portal.start(`start-${name}-${turn}`, [], {}, programs);
      await portal.visit('/readyz');
      found[at].push(portal.memory());
      await portal.end();
    }
  }
  return found.map(median);
}

export async function beside_older() {
  const versions = both.map(([, { binary }]) => execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim());
  const memory = await at_start();
  goal('memory at start, in MB, in new folders', memory[0], { most: 40 });

  const portals = [];
  for (const [name, programs] of both) {
    const portal = await (await Portal.start(`beside-${name}`, [], {}, programs)).setUp();
    portal.makeRoot();
    portal.fill(few);
    await portal.rest();
    portals.push(portal);
  }
  const targets = [];
  for (const portal of portals) {
    targets.push({
      verify: { name: '`POST /v1/keys/verify`', args: verify_args(portal.base, portal.key, portal.root) },
      auth: { name: '`GET /v1/auth`', args: auth_args(portal.base, portal.key) },
      list: await list(portal, `${portal.app}/keys`, `keys of an app, 25 of ${number(few)}`),
    });
  }
  const [mine, theirs] = targets;
  await measure(Object.keys(mine).flatMap(name => [mine[name], theirs[name]]));
  for (const portal of portals) await portal.end();

  goal('verify, relative to the older binary', beside(mine.verify, theirs.verify), { least: 0.97 });
  goal('/v1/auth, relative to the older binary', beside(mine.auth, theirs.auth), { least: 0.97 });
  goal('the list of keys, relative to the older binary', beside(mine.list, theirs.list), { least: 2 });
  const row = name => {
    const [one, other] = [mine[name], theirs[name]];
    const rates = [rate(one), rate(other)].map(number);
    return `| ${[one.name, ...rates, beside(one, other).toFixed(2), ms(p99(one)), ms(p99(other))].join(' | ')} |`;
  };
  return `## Compared with an older binary

This one (${versions[0]}) and the older one (${versions[1]}), each with its own data folder, measured in turns;
${connections} connections, 32 for the list.

| request | per second | older | ratio | p99 | older |
|---|---:|---:|---:|---:|---:|
${Object.keys(mine).map(row).join('\n')}

Memory at start: ${memory[0].toFixed(1)} MB; of the older one: ${memory[1].toFixed(1)} MB.
`;
}
