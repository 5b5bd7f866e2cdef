// Whether usage has exactly what was verified: over all keys in turn with several results, with two graceful restarts
// between, by key and code over /v1, as CSV and on the page; and how much is missing after a `kill -9`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Portal } from './portal.mjs';
import { binary, connections, exact as total, few, goal, number, say } from './settings.mjs';

const FLAGS = ['--cache-keys', '100000'];
const scopes = [['read'], ['read'], ['read'], ['delete'], []];

// Verifies over keep-alive connections, each waiting for its answer before the next request, until `next` returns nothing.
// `next` gives the number of a secret and the body; `seen` gets that number and the answer. Ends silently if the server does.
function verify(base, root, next, seen) {
  const { hostname, port } = new URL(base);
  const one = () =>
    new Promise(done => {
      const socket = connect({ host: hostname, port: Number(port) });
      let [text, secret] = ['', 0];
      const send = () => {
        const asked = next();
        if (!asked) return socket.end();
        const { body } = asked;
        secret = asked.secret;
        socket.write(
          `POST /v1/keys/verify HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${root}\r\n` +
            `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        );
      };
      socket.on('data', chunk => {
        text += chunk;
        const head = text.indexOf('\r\n\r\n');
        const length = head < 0 ? NaN : Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1]);
        if (!(text.length >= head + 4 + length)) return;
        const answer = JSON.parse(text.slice(head + 4));
        text = '';
        seen(secret, answer);
        send();
      });
      socket.on('connect', send);
      socket.on('error', () => {});
      socket.on('close', done);
    });
  return Promise.all(Array.from({ length: connections }, one));
}

// Counts by secret and code.
class Counts {
  keys = new Map();
  all = 0;

  // Only the answer to an accepted request names the key.
  add(secret, { key_id, code }) {
    const key = this.keys.get(secret) ?? { codes: {} };
    key.id ??= key_id;
    key.codes[code] = (key.codes[code] ?? 0) + 1;
    this.keys.set(secret, key);
    this.all++;
  }
}

const by_code = codes => JSON.stringify(Object.entries(codes).sort());
const digits = value => value.toLocaleString('en-US');

export async function exact() {
  let portal = await (await Portal.start('exact', FLAGS)).setUp('pro');
  const root = portal.makeRoot();
  portal.fill(few);
  const args = ['token', 'create', '--name', 'reader', '--manage', '--data', portal.data];
  const manage = execFileSync(binary, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const secrets = readFileSync(portal.secrets, 'utf8').trim().split('\n');
  const again = async () => {
    const next = await Portal.start('exact', FLAGS);
    portal = Object.assign(next, { cookie: portal.cookie, org: portal.org, app: portal.app });
  };
  const read = async (path, kind = 'json') => {
    const answer = await fetch(portal.base + path, { headers: { authorization: `Bearer ${manage}`, connection: 'close' } });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status}\n${await answer.text()}`);
    return answer[kind]();
  };

  const counts = new Counts();
  const request = n => {
    const secret = n % secrets.length;
    return { secret, body: JSON.stringify({ key: secrets[secret], scopes: scopes[Math.floor(n / secrets.length) % scopes.length] }) };
  };
  let sent = 0;
  say(`Verifying ${number(total)} times, with two restarts …`);
  for (const part of [1, 2, 3]) {
    const until = Math.floor((total * part) / 3);
    await verify(portal.base, root, () => (sent < until ? request(sent++) : undefined), (secret, answer) => counts.add(secret, answer));
    if (part < 3) {
      await portal.end();
      await again();
    }
  }

  const org = portal.org.split('/').pop();
  const day = 'bucket=day';
  const wrong = [];
  for (const { id, codes } of counts.keys.values()) {
    const told = await read(`/v1/keys/${id}/usage?${day}`);
    if (by_code(told.by_code) !== by_code(codes) || told.not_counted !== 0) wrong.push({ id, told: told.by_code, codes });
  }
  const of_org = await read(`/v1/orgs/${org}/usage?${day}`);
  const lines = (await read(`/v1/orgs/${org}/usage.csv?${day}`, 'text')).trim().split('\r\n').slice(1);
  const csv = lines.reduce((sum, line) => sum + Number(line.split(',').pop()), 0);
  await portal.create('/sign-in', { email: 'bench@sallyport.test', password: 'a-long-bench-password' });
  const page = await portal.visit(`${portal.org}/usage?range=30d`);
  const shows = page.body.includes(`${digits(counts.all)} requests in the last 30 days`);
  if (wrong.length > 0) say(JSON.stringify(wrong.slice(0, 3)));
  goal('keys whose usage differs from what was sent', wrong.length, { most: 0 });
  goal('requests of the CSV beyond or below those sent', Math.abs(csv - counts.all), { most: 0 });
  goal('requests of the JSON beyond or below those sent', Math.abs(of_org.total - counts.all), { most: 0 });
  goal('pages that show another number', shows ? 0 : 1, { most: 0 });

  say('Killing it …');
  const answered = [];
  const began = performance.now();
  let killed = false;
  const running = verify(portal.base, root, () => (killed ? undefined : request(sent++)), () => answered.push(performance.now()));
  await new Promise(done => setTimeout(done, 5_000));
  portal.server.removeAllListeners('exit');
  killed = true;
  const at = performance.now();
  portal.server.kill('SIGKILL');
  await running;
  await again();
  const kept = (await read(`/v1/orgs/${org}/usage?${day}`)).total - counts.all;
  // The answers in the order in which they came: those that are missing are the last ones.
  const missing = Math.max(0, answered.length - kept);
  const seconds = missing === 0 ? 0 : (at - answered[answered.length - missing]) / 1000;
  goal('seconds of requests that are missing after kill -9', seconds, { most: 2.5 });
  await portal.end();
  const codes = Object.entries(of_org.by_code).map(([code, n]) => `| ${code} | ${number(n)} |`);
  return `## Exactness of usage

${number(counts.all)} verifications of ${number(counts.keys.size)} keys over ${connections} connections, with two graceful restarts: each key by code over
\`/v1\`, the organization as JSON, CSV and on its page. Then \`kill -9\` after ${((at - began) / 1000).toFixed(1)} s: ${number(answered.length)} answered,
${number(missing)} of them missing, the requests of ${seconds.toFixed(2)} s.

| code | requests |
|---|---:|
${codes.join('\n')}
`;
}
