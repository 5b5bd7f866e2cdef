// What it costs to count every verification: two servers, on one of which counting is off.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verify_each_args } from './ask.mjs';
import { folder } from './portal.mjs';
import { few, goal, ms, number, say } from './settings.mjs';
import { beside, measure, p99, rate } from './wrk.mjs';

// This many keys in turn.
const turn = Math.min(few, 1_000);

// The flags of a server that does not count.
export function without_counting() {
  const config = join(folder, 'not-counting.toml');
  writeFileSync(config, '[usage]\ncounting = false\n');
  return ['--config', config];
}

export async function counting(on, off) {
  const args = server => verify_each_args(server.base, server.secrets, server.root, 0, turn);
  const targets = [
    { name: 'counted', args: args(on) },
    { name: 'not counted', args: args(off) },
  ];
  say('Verifying with counting and without …');
  await measure(targets);
  goal('verify with counting, relative to without', beside(targets[0], targets[1]), { least: 0.97 });
  const row = target => `| ${target.name} | ${number(rate(target))} | ${ms(p99(target))} | ${beside(target, targets[1]).toFixed(2)} |`;
  return `## Counting

\`POST /v1/keys/verify\` for ${number(turn)} keys in turn, on two servers; [usage.md](usage.md) says what is counted.

| requests | per second | p99 | relative to not counted |
|---|---:|---:|---:|
${targets.map(row).join('\n')}
`;
}
