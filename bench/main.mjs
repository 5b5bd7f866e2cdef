// `make bench`: each subject in turn, with the results in docs/benchmarks.md. With names of subjects (older,
// verifier, counting, measuring, sharing, usage, flush, audit, keys, memory, flood, lists, sizes, nodes) only those, printed and not
// stored. `sharing` needs a Redis, and `nodes` the PostgreSQL in TEST_POSTGRES_URL. `exact`, `rotation` and `leaks`, checks and not
// measurements, and `revocations`, which needs a PostgreSQL, too, only run by name.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { audit } from './audit.mjs';
import { counting, without_counting } from './counting.mjs';
import { exact } from './exact.mjs';
import { flood } from './flood.mjs';
import { flush } from './flush.mjs';
import { leaks } from './leaks.mjs';
import { lists } from './lists.mjs';
import { measuring, with_metrics } from './measuring.mjs';
import { memory } from './memory.mjs';
import { million } from './million.mjs';
import { nodes } from './nodes.mjs';
import { beside_older } from './older.mjs';
import { Portal } from './portal.mjs';
import { revocations } from './revocations.mjs';
import { rotation } from './rotation.mjs';
import { all_goals, cached, few, many, most, number, older, report_file, rounds, say, seconds, trial, usage_rows } from './settings.mjs';
import { has_redis, sharing } from './sharing.mjs';
import { sizes } from './sizes.mjs';
import { rows_of_place, usage_pages } from './usage_pages.mjs';
import { verifier } from './verifier.mjs';

const asked = process.argv.slice(2);
const wanted = name => asked.length === 0 || asked.includes(name);
const parts = [];

// With `count` keys in addition to the one that its page generated.
async function portal(name, count, flags, env) {
  // With limits to count, except for the single key that is measured alone.
  const made = await (await Portal.start(name, flags, env)).setUp(count > 0 ? 'pro' : 'enterprise');
  made.makeRoot();
  if (count > 0) {
    say(`Making ${number(count)} keys …`);
    made.fill(count);
  }
  return made;
}

if (older && wanted('older')) {
  say('Comparing with the older binary …');
  parts.push(await beside_older());
}
if (wanted('verifier') || wanted('sizes')) {
  const first = await Portal.start('first');
  const at_start = first.memory();
  await first.setUp();
  if (wanted('verifier')) {
    say('Measuring the verifier …');
    parts.push(await verifier(first, first.makeRoot()));
  }
  if (wanted('sizes')) parts.push(await sizes(first, at_start));
  await first.end();
}
if (wanted('counting')) {
  const [on, off] = [await portal('counting', few), await portal('not-counting', few, without_counting())];
  parts.push(await counting(on, off));
  await Promise.all([on.end(), off.end()]);
}
if (wanted('measuring')) {
  const [on, off] = [await portal('measured', few, with_metrics), await portal('not-measured', few)];
  parts.push(await measuring(on, off));
  await Promise.all([on.end(), off.end()]);
}
if (wanted('sharing')) {
  if (has_redis() || asked.length > 0) parts.push(await sharing());
  else say('Not measured, since Redis is not installed: sharing');
}
if (wanted('usage')) {
  // The keys exist on both.
  const keys = Math.ceil(usage_rows / rows_of_place);
  const [small, large] = [await portal('used-little', keys), await portal('used', keys)];
  parts.push(await usage_pages(small, large));
  await Promise.all([small.end(), large.end()]);
}
if (wanted('flush')) parts.push(await flush());
if (wanted('audit')) {
  const logged = await portal('audit', 0);
  parts.push(await audit(logged));
  await logged.end();
}
if (wanted('keys') || wanted('memory')) {
  const large = await portal('most', most, ['--cache-keys', String(2 * most)]);
  if (wanted('keys')) {
    const small = await portal('few', few);
    parts.push(await million(small, large));
    await small.end();
  }
  await large.end();
  if (wanted('memory')) parts.push(memory(large, most - cached - Math.ceil(cached / 2)));
}
if (wanted('flood')) {
  // sqlx logs each statement, so that look-ups can be counted.
  const flooded = await portal('flooded', 0, [], { SALLYPORT_LOG: 'warn,sqlx::query=debug' });
  parts.push(await flood(flooded));
  await flooded.end();
}
if (wanted('lists')) {
  const [small, large] = [await portal('short', few), await portal('long', many)];
  say('Measuring the lists …');
  parts.push(await lists(small, large, few, many));
}
if (asked.includes('exact')) parts.push(await exact());
if (asked.includes('rotation')) parts.push(await rotation());
if (asked.includes('leaks')) parts.push(await leaks());
if (asked.includes('revocations')) parts.push(await revocations());
if (wanted('nodes')) {
  if (process.env.TEST_POSTGRES_URL || asked.length > 0) parts.push(await nodes());
  else say('Not measured, since PostgreSQL is not installed: nodes');
}

const missed = all_goals().filter(goal => !goal.holds);
const goals = all_goals().map(
  ({ name, value, bound, holds }) => `| ${name} | ${value.toFixed(2)} | ${bound} | ${holds ? 'yes' : '**no**'} |`,
);
const report = `# Benchmarks

Made by \`make bench\`: the release binary on SQLite in a temporary folder, \`wrk\` on the same machine (${cpus().length} ×
${cpus()[0].model.trim()}), ${rounds} rounds of ${seconds} s, interleaved; medians. A ratio is the median of the ratios within
the rounds. \`scripts/bench-micro\` counts instructions instead of timing.

| figure | measured | bound | within it |
|---|---:|---:|---|
${goals.join('\n')}

${parts.join('\n')}`;
process.stdout.write(report);
if (asked.length === 0) {
  mkdirSync(dirname(report_file), { recursive: true });
  writeFileSync(report_file, report);
}
for (const { name, value, bound } of missed) say(`missed: ${name} is ${value.toFixed(2)}, and should be ${bound}`);
// A trial of the script measures nothing, so no bound applies.
process.exit(missed.length > 0 && !trial ? 1 : 0);
