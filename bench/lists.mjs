// Lists of few and of many keys, from two servers.
import { goal, ms, number } from './settings.mjs';
import { beside, measure, p99, rate } from './wrk.mjs';

const shown = 25;
const connections = 32;

// The list as a signed-in browser gets it, but uncompressed, since the cost of compression would hide the difference.
export async function list(portal, path, name) {
  const { status, body } = await portal.visit(path);
  const rows = new Set(body.match(/href="\/keys\/[^"/?]+"/g)).size;
  if (status !== 200 || rows !== shown) throw new Error(`GET ${path}: ${status} with ${rows} keys`);
  return { name, connections, args: ['-H', `cookie: ${portal.cookie}`, portal.base + path] };
}

// Of an app and of an organization.
export async function lists(small, large, few, many) {
  const sized = async (portal, count) => [
    await list(portal, `${portal.app}/keys`, `of an app, ${shown} of ${number(count)}`),
    await list(portal, `${portal.org}/keys`, `of an organization, ${shown} of ${number(count)}`),
  ];
  const pairs = [await sized(small, few), await sized(large, many)];
  await measure(pairs.flat());
  const rows = [0, 1].flatMap(at => {
    const [one, other] = pairs.map(list => list[at]);
    goal(`list ${other.name}, relative to one ${one.name}`, beside(other, one), { least: 0.9 });
    return [one, other].map(
      target => `| ${target.name} | ${number(rate(target))} | ${ms(p99(target))} | ${beside(target, one).toFixed(2)} |`,
    );
  });
  return `## Lists of keys

Without compression, on two servers, each with its own data folder, at ${connections} connections.

| list | per second | p99 | relative to the shorter |
|---|---:|---:|---:|
${rows.join('\n')}
`;
}
