// A million keys in the database compared with a thousand: cached keys, and keys that have to be looked up first.
import { readFileSync } from 'node:fs';
import { ask, verify_each_args } from './ask.mjs';
import { goal, ms, few, most, number, say } from './settings.mjs';
import { beside, load, measure, p99, rate } from './wrk.mjs';

// This many keys in turn: more than a server verifies at once, and fewer than the small one has.
const turn = Math.min(few, 1_000);

export async function million(small, large) {
  const args = server => verify_each_args(server.base, server.secrets, server.root, 0, turn);
  const targets = [
    { name: `${number(few)} keys in the database`, args: args(small) },
    { name: `${number(most)} keys in the database`, args: args(large) },
  ];
  for (const server of [small, large]) {
    const [first] = readFileSync(server.secrets, 'utf8').split('\n', 1);
    const { valid, code } = await ask(server.base, first, server.root);
    if (!valid) throw new Error(`a key that was made is ${code}`);
    await server.rest();
  }
  say(`Verifying keys of ${number(few)} and of ${number(most)} …`);
  await measure(targets);
  const cold = { args: verify_each_args(large.base, large.secrets, large.root, turn, most - turn), connections: 8 };
  const looked_up = await load(cold);
  goal(`verify with ${number(most)} keys, relative to ${number(few)}`, beside(targets[1], targets[0]), { least: 0.9 });
  const row = target =>
    `| ${target.name} | ${number(rate(target))} | ${ms(p99(target))} | ${beside(target, targets[0]).toFixed(2)} |`;
  return `## Many keys

\`POST /v1/keys/verify\` for ${number(turn)} keys in turn, on two servers, each with its own data folder.

| database | per second | p99 | relative to the first |
|---|---:|---:|---:|
${targets.map(row).join('\n')}
| ${number(most)} keys, each verified for the first time | ${number(looked_up.rate)} | ${ms(looked_up.p99)} | |
`;
}
