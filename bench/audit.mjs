// The audit log: recording many events, checking them, exporting them, and proving one.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { binary, fill_log, goal, mb, most, number, say } from './settings.mjs';

// How long a command takes, and the most memory that it had, in bytes. Its output is thrown away.
async function run(...args) {
  const began = performance.now();
  const command = spawn(binary, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  let peak = 0;
  const look = setInterval(() => {
    try {
      peak = Math.max(peak, 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${command.pid}/status`, 'utf8'))[1]));
    } catch {
      // It has just ended.
    }
  }, 20);
  const code = await new Promise(done => command.on('exit', done));
  clearInterval(look);
  if (code !== 0) throw new Error(`sallyport ${args.join(' ')} ended with ${code}`);
  return { seconds: (performance.now() - began) / 1_000, memory: peak };
}

async function proof(portal, seq) {
  const began = performance.now();
  const { status, body } = await portal.visit(`${portal.org}/activity/${seq}/proof.json`);
  if (status !== 200) throw new Error(`the proof of event ${seq}: ${status}\n${body.slice(0, 2_000)}`);
  return (performance.now() - began) / 1_000;
}

export async function audit(portal) {
  const org = portal.org.split('/').pop();
  say(`Recording ${number(most)} events …`);
  const recorded = Number(execFileSync(fill_log, [portal.data, org, String(most)], { encoding: 'utf8' }));
  const first = await proof(portal, Math.ceil(most / 2));
  const next = await proof(portal, Math.ceil(most / 3));
  const place = ['--org', org, '--data', portal.data];
  say('Checking and exporting them …');
  const verified = await run('audit', 'verify', ...place);
  const exported = await run('audit', 'export', ...place);
  goal(`seconds to check ${number(most)} events`, verified.seconds, { most: 10 });
  goal('memory of an export of the audit log, in MB', exported.memory / 1024 / 1024, { most: 64 });
  goal('seconds of a proof, after the first', next, { most: 0.25 });
  const row = (what, seconds, memory) =>
    `| ${what} | ${seconds.toFixed(2)} s | ${number(most / seconds)} | ${memory ? mb(memory) : ''} |`;
  return `## Audit log

A log of ${number(most)} events; each recorded in transactions of 500.

| what | time | events per second | memory |
|---|---:|---:|---:|
${row('recorded', recorded)}
${row('`sallyport audit verify`', verified.seconds, verified.memory)}
${row('`sallyport audit export`', exported.seconds, exported.memory)}

The first proof of an event, with a checkpoint of all of them: ${first.toFixed(2)} s; the next: ${(next * 1_000).toFixed(0)} ms.
`;
}
