// Pages of usage with many counts in the database and with few: each on a server of its own, with as many keys. A page ranks
// the 100 keys that were used last: about as many have counts where there are few.
import { execFileSync } from 'node:child_process';
import { fill_usage, goal, ms, number, say, usage_rows } from './settings.mjs';
import { beside, measure, p99, rate } from './wrk.mjs';

const few = 10_000;
const connections = 8;
// Hours counted of a key, besides thirty days.
const hours_of_many = 720;
const hours_of_few = 24;
// Rows of a key.
export const rows_of_place = hours_of_many + 30;

function filled(portal, rows, hours) {
  say(`Writing ${number(rows)} counts …`);
  execFileSync(fill_usage, [portal.data, portal.app.split('/').pop(), String(rows), String(hours)], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function page(portal, path, name) {
  const { status, body } = await portal.visit(path);
  if (status !== 200 || !body.includes('chart-plot')) throw new Error(`GET ${path}: ${status} without a chart`);
  return { name, connections, args: ['-H', `cookie: ${portal.cookie}`, portal.base + path] };
}

export async function usage_pages(small, large) {
  for (const [portal, ...counts] of [[small, few, hours_of_few], [large, usage_rows, hours_of_many]]) {
    filled(portal, ...counts);
    await portal.rest();
  }
  const views = [
    ['an app, 24 h', portal => `${portal.app}/usage`],
    ['an app, 30 d', portal => `${portal.app}/usage?range=30d`],
    ['an organization, 7 d', portal => `${portal.org}/usage?range=7d`],
  ];
  const pairs = [];
  for (const [name, path] of views) pairs.push([await page(small, path(small), name), await page(large, path(large), name)]);
  await measure(pairs.flat());
  const rows = pairs.flatMap(([one, other]) => {
    goal(`usage of ${other.name} with ${number(usage_rows)} counts, relative to ${number(few)}`, beside(other, one), { least: 0.8 });
    return [
      [few, one],
      [usage_rows, other],
    ].map(([count, target]) => `| ${target.name} | ${number(count)} | ${number(rate(target))} | ${ms(p99(target))} | ${beside(target, one).toFixed(2)} |`);
  });
  return `## Pages of usage

Without compression, on two servers with as many keys, at ${connections} connections. The counts are of the
hours and days of the last thirty days; of the last day's hours where there are few, so that as many keys have some.

| page | counts in the database | per second | p99 | relative to few |
|---|---:|---:|---:|---:|
${rows.join('\n')}
`;
}
