// Requests per second beside /healthz of the same run, so that another machine's numbers can be compared.
// Lists of few and of many keys come from two servers, asked in turns: what disturbs the machine disturbs both.
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Portal, binary, folder, person } from './bench-portal.mjs';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const seconds = Number(process.env.BENCH_SECONDS ?? 3);
const few = Number(process.env.BENCH_FEW ?? 1_000);
const many = Number(process.env.BENCH_MANY ?? 100_000);
const report_file = process.env.BENCH_REPORT ?? 'docs/benchmarks.md';
const seed = process.env.BENCH_SEED ?? 'target/release/examples/seed';
const connections = Number(process.env.BENCH_CONNECTIONS ?? 32);

const number = value => Math.round(value).toLocaleString('en-US');
const kb = bytes => `${(bytes / 1024).toFixed(1)} KB`;
const mb = bytes => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const say = text => process.stderr.write(`${text}\n`);

// One run of wrk. An answer that is not 200 is no measurement.
let requests = 0;
function load({ args }, length = seconds) {
  const said = execFileSync('wrk', ['-t1', `-c${connections}`, `-d${length}s`, '--latency', ...args], { encoding: 'utf8' });
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(said);
  const count = Number(/(\d+) requests in/.exec(said)[1]);
  if (count < connections) throw new Error(`too few answers in ${length} s: make BENCH_SECONDS larger\n${said}`);
  requests += count;
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1]), p99: /99%\s+(\S+)/.exec(said)[1] };
}

// Each target once a round; every other round backwards, so that none always comes after the same one.
function measure(targets) {
  for (const target of targets) load(target, 1); // warm
  for (const target of targets) target.runs = [];
  for (let round = 0; round < rounds; round++) {
    const turn = round % 2 ? [...targets].reverse() : targets;
    for (const target of turn) target.runs.push(load(target));
  }
}

const rate = target => median(target.runs.map(run => run.rate));
// Of the pairs of one round, the median.
const beside = (target, other) => median(target.runs.map((run, round) => run.rate / other.runs[round].rate));

// Many more keys by the same verbs, without 100,000 forms.
function fill(portal, count) {
  execFileSync(seed, [portal.data, person.email, portal.app.split('/').pop(), String(count - 1)], { stdio: 'inherit' });
}

// The list as a signed-in browser gets it, but for compression, whose cost would hide what is measured.
async function list(portal, path, name) {
  const { status, body } = await portal.visit(path);
  const rows = new Set(body.match(/href="\/keys\/[^"/?]+"/g)).size;
  if (status !== 200 || rows !== 25) throw new Error(`GET ${path}: ${status} with ${rows} keys`);
  return { name, args: ['-H', `cookie: ${portal.cookie}`, portal.base + path] };
}

const portal = await Portal.start('few');
const memoryAtStart = portal.memory();
await portal.setUp();
const root = execFileSync(binary, ['token', 'create', '--name', 'bench', '--data', portal.data], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
}).trim();

const verify = join(folder, 'verify.lua');
writeFileSync(
  verify,
  `wrk.method = "POST"
wrk.body = '{"key":"${portal.key}","scopes":["read"]}'
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer ${root}"
`,
);
say('Measuring the verifier …');
const healthz = { name: '`GET /healthz`', args: [`${portal.base}/healthz`] };
const verifier = [
  healthz,
  { name: '`GET /v1/auth`, a valid key', args: ['-H', `x-api-key: ${portal.key}`, `${portal.base}/v1/auth?scope=read`] },
  { name: '`POST /v1/keys/verify`', args: ['-s', verify, `${portal.base}/v1/keys/verify`] },
];
measure(verifier);

say(`Making ${number(few)} and ${number(many)} keys …`);
const large = await (await Portal.start('many')).setUp();
fill(portal, few);
fill(large, many);
say('Measuring the lists …');
const base = { name: '`GET /healthz`', args: healthz.args };
const app = [
  await list(portal, `${portal.app}/keys`, `key list of an app, 25 of ${number(few)}`),
  await list(large, `${large.app}/keys`, `key list of an app, 25 of ${number(many)}`),
];
const org = [
  await list(portal, `${portal.org}/keys`, `key list of an organization, 25 of ${number(few)}`),
  await list(large, `${large.org}/keys`, `key list of an organization, 25 of ${number(many)}`),
];
measure([base, ...app, ...org]);
const memoryAfter = portal.memory();

const signIns = [];
const pages = [];
for (let turn = 0; turn < 9; turn++) {
  signIns.push(await portal.signIn());
  const began = performance.now();
  await portal.visit('/sign-in');
  pages.push(performance.now() - began);
}
const memoryAfterSignIns = portal.memory();

// Of compressed files; a debug site has none.
const size = (...files) => {
  const stats = files.map(file => statSync(join('target/site/pkg', file), { throwIfNoEntry: false }));
  return stats.every(Boolean) ? kb(stats.reduce((sum, stat) => sum + stat.size, 0)) : 'not compressed';
};
const row = (target, healthz) => {
  const middle = rate(target);
  const { p99 } = target.runs.find(run => run.rate === middle);
  return `| ${target.name} | ${number(middle)} | ${p99} | ${target === healthz ? '1' : beside(target, healthz).toFixed(3)} |`;
};
const signIn = median(signIns);
const report = `# Benchmarks

Made by \`make bench\`: the release binary on SQLite in a temporary folder, \`wrk\` with ${connections} connections on
the same machine (${cpus().length} × ${cpus()[0].model.trim()}), ${rounds} rounds of ${seconds} s, interleaved; medians. A ratio is the median of the
ratios within the rounds. Lists are measured without compression, on two servers with a folder each.

| request | per second | p99 | of /healthz |
|---|---:|---:|---:|
${[...verifier.map(target => row(target, healthz)), ...[...app, ...org].map(target => row(target, base))].join('\n')}

| rate with ${number(many)} keys | beside ${number(few)} keys |
|---|---:|
| key list of an app | ${beside(app[1], app[0]).toFixed(2)} |
| key list of an organization | ${beside(org[1], org[0]).toFixed(2)} |

| what | | ratio |
|---|---:|---|
| sign-in (argon2id) | ${signIn.toFixed(0)} ms | ${(signIn / median(pages)).toFixed(0)} × the page with its form |
| memory at start | ${memoryAtStart.toFixed(1)} MB | 1 |
| memory after ${number(requests)} requests | ${memoryAfter.toFixed(1)} MB | ${(memoryAfter / memoryAtStart).toFixed(2)} × at start |
| memory after ${signIns.length} sign-ins more | ${memoryAfterSignIns.toFixed(1)} MB | ${(memoryAfterSignIns / memoryAtStart).toFixed(2)} × at start |
| binary, site embedded | ${mb(statSync(binary).size)} | |
| css, brotli | ${size('sallyport.css.br')} | |
| js + wasm, brotli | ${size('sallyport.js.br', 'sallyport.wasm.br')} | |
`;
process.stdout.write(report);
mkdirSync('docs', { recursive: true });
writeFileSync(report_file, report);
process.exit(0);
