// From the start of a process until it accepts a key for the first time.
import { readFileSync } from 'node:fs';
import { database, status } from './several.mjs';
import { Portal } from './portal.mjs';
import { at } from './revocations.mjs';
import { few, goal, most, ms, number, say, starts } from './settings.mjs';

async function measured(name, env, key) {
  const took = [];
  for (let n = 0; n < starts; n++) {
    const began = performance.now();
    const node = await Portal.start(name, [], env);
    while ((await status(node, key)) !== 200) {
      if (performance.now() - began > 30_000) throw new Error('the node accepts no key');
    }
    took.push(performance.now() - began);
    await node.end();
  }
  return took;
}

export async function starting() {
  const lines = [];
  for (const [on, env] of [['SQLite', {}], ['PostgreSQL', { SALLYPORT_DATABASE_URL: database() }]]) {
    const name = `starting-${on}`;
    let portal = await (await Portal.start(name, [], env)).setUp();
    let made = 0;
    for (const count of [few, most]) {
      say(`Starting with ${number(count)} keys on ${on} …`);
      portal.fill(count - made);
      made = count;
      const [key] = readFileSync(portal.secrets, 'utf8').split('\n', 1);
      await portal.end();
      const took = await measured(name, env, key);
      goal(`${on}: start until the first verdict with ${number(count)} keys, ms`, at(took, 1), { most: 1_000 });
      lines.push(`| ${on} | ${number(count)} | ${ms(at(took, 0.5))} | ${ms(at(took, 1))} |`);
      if (count !== most) portal = Object.assign(await Portal.start(name, [], env), { app: portal.app });
    }
  }
  return `### Starting

From the start of the process until it accepts a key that it never saw, ${starts} times.

| on | keys | median | slowest |
|---|---:|---:|---:|
${lines.join('\n')}
`;
}
