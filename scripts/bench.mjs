// Requests per second beside /healthz of the same run, so that another machine's numbers can be compared.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

const rounds = 3;
const seconds = Number(process.env.SECONDS_EACH ?? 5);
const connections = 32;
const binary = process.env.SALLYPORT_BINARY ?? 'target/release/sallyport';

const dir = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
const data = join(dir, 'data');
const server = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--data', data], {
  stdio: ['ignore', 'pipe', 'pipe'],
});
let output = '';
process.on('exit', () => {
  server.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const base = await new Promise((found, failed) => {
  const read = chunk => {
    output += chunk;
    const line = /listening on (http:\/\/\S+)/.exec(output);
    if (line) found(line[1].replace(/\/$/, ''));
  };
  server.stdout.on('data', read);
  server.stderr.on('data', read);
  server.on('exit', code => failed(new Error(`sallyport ended with ${code}:\n${output}`)));
});

// What a person would do in the browser, as plain forms.
const person = { email: 'bench@sallyport.test', password: 'a-long-bench-password' };
let cookie = '';
async function visit(path, form) {
  const answer = await fetch(base + path, {
    method: form ? 'POST' : 'GET',
    headers: { origin: base, cookie, connection: 'close' }, // wrk blocks this process for longer than a kept one lives
    body: form && new URLSearchParams(form),
    redirect: 'manual',
  });
  const set = answer.headers.getSetCookie().find((cookie) => cookie.startsWith('sallyport='));
  if (set) cookie = set.split(';')[0];
  return { status: answer.status, to: answer.headers.get('location') ?? '', body: await answer.text() };
}
async function create(path, form) {
  const { status, to, body } = await visit(path, form);
  if (status !== 303) throw new Error(`POST ${path}: ${status}\n${body.slice(0, 2000)}`);
  return new URL(to, base).pathname;
}

await create('/setup', { name: 'Bench', ...person });
const org = await create('/orgs/new', { name: 'Bench', description: '', plan: 'enterprise', tenant: 'Default' });
const tenant = await create(`${org}/tenants/new`, { name: 'Bench' });
const project = await create(`${tenant}/projects/new`, { name: 'Bench' });
const app = await create(`${project}/apps/new`, { name: 'Bench', os: 'backend', bundle_id: '', description: '' });
const form_token = /name="form_token"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="form_token"/
  .exec((await visit(`${app}/keys?panel=generate`)).body)
  ?.slice(1)
  .find(Boolean);
const issued = await visit(`${app}/keys`, {
  form_token,
  app_id: app.split('/').pop(),
  label: 'bench',
  environment: 'production',
  scopes: 'read',
  expires: '',
});
const key = /sk_live_[0-9A-Za-z]{36}/.exec(issued.body)?.[0];
if (!key) throw new Error(`no key was issued: ${issued.status}\n${issued.body.slice(0, 2000)}`);
const root = execFileSync(binary, ['token', 'create', '--name', 'bench', '--data', data], { encoding: 'utf8' }).trim();

const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;
const rssAtStart = rss();

const verify = join(dir, 'verify.lua');
writeFileSync(
  verify,
  `wrk.method = "POST"
wrk.body = '{"key":"${key}","scopes":["read"]}'
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer ${root}"
`,
);
const targets = [
  { name: '`GET /healthz`', args: [`${base}/healthz`] },
  { name: '`GET /v1/auth`, a valid key', args: ['-H', `x-api-key: ${key}`, `${base}/v1/auth?scope=read`] },
  { name: '`POST /v1/keys/verify`', args: ['-s', verify, `${base}/v1/keys/verify`] },
];

function load(args, length) {
  const said = execFileSync('wrk', ['-t1', `-c${connections}`, `-d${length}s`, '--latency', ...args], { encoding: 'utf8' });
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(said);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1]),
    p99: /99%\s+(\S+)/.exec(said)[1],
  };
}
const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

const results = targets.map(() => []);
for (const target of targets) load(target.args, 1); // warm
for (let round = 0; round < rounds; round++) {
  for (const [index, target] of targets.entries()) results[index].push(load(target.args, seconds));
}
const rssAfter = rss();

const signIns = [];
for (let turn = 0; turn < 5; turn++) {
  cookie = '';
  const began = performance.now();
  await create('/sign-in', person);
  signIns.push(performance.now() - began);
}

const number = value => Math.round(value).toLocaleString('en-US');
const kb = bytes => `${(bytes / 1024).toFixed(1)} KB`;
const mb = bytes => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
const size = file => statSync(join('target/site', file)).size;
const requests = results.flat().reduce((sum, result) => sum + result.rate * seconds, 0);
const rows = targets.map((target, index) => {
  const rate = median(results[index].map(r => r.rate));
  const p99 = results[index].find(r => r.rate === rate).p99;
  const ratio = median(results[index].map((r, round) => r.rate / results[0][round].rate));
  return `| ${target.name} | ${number(rate)} | ${p99} | ${index ? ratio.toFixed(2) : '1'} |`;
});
const report = `# Benchmarks

Made by \`make bench\`: the release binary on SQLite in a temporary folder, \`wrk\` with ${connections} connections on
the same machine (${cpus().length} × ${cpus()[0].model.trim()}), ${rounds} rounds of ${seconds} s, interleaved; medians.

| request | per second | p99 | of /healthz |
|---|---:|---:|---:|
${rows.join('\n')}

| what | |
|---|---:|
| sign-in (argon2id) | ${median(signIns).toFixed(0)} ms |
| memory before the load | ${rssAtStart.toFixed(1)} MB |
| memory after ${number(requests)} requests | ${rssAfter.toFixed(1)} MB |
| binary | ${mb(statSync(binary).size)} |
| css, brotli | ${kb(size('pkg/sallyport.css.br'))} |
| js + wasm, brotli | ${kb(size('pkg/sallyport.js.br') + size('pkg/sallyport.wasm.br'))} |
`;
process.stdout.write(report);
mkdirSync('docs', { recursive: true });
writeFileSync('docs/benchmarks.md', report);
process.exit(0);
