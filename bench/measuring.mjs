// What it costs to measure verifications for Prometheus: two servers, only one of which has a listener for it.
import { verify_each_args } from './ask.mjs';
import { few, goal, ms, number, say } from './settings.mjs';
import { beside, measure, p99, rate } from './wrk.mjs';

// This many keys in turn.
const turn = Math.min(few, 1_000);

export const with_metrics = ['--metrics-listen', '127.0.0.1:0'];

export async function measuring(on, off) {
  const args = server => verify_each_args(server.base, server.secrets, server.root, 0, turn);
  const targets = [
    { name: 'measured', args: args(on) },
    { name: 'not measured', args: args(off) },
  ];
  say('Verifying with measurements and without …');
  await measure(targets);
  goal('verify with measurements, relative to without', beside(targets[0], targets[1]), { least: 0.99 });
  const row = target => `| ${target.name} | ${number(rate(target))} | ${ms(p99(target))} | ${beside(target, targets[1]).toFixed(3)} |`;
  return `## Measuring

\`POST /v1/keys/verify\` for ${number(turn)} keys in turn, on two servers, one of them with \`--metrics-listen\`;
[operating.md](operating.md#metrics) says what is measured.

| requests | per second | p99 | relative to not measured |
|---|---:|---:|---:|
${targets.map(row).join('\n')}
`;
}
