// Whether a rotation under load refuses nothing: clients ask with a key without a pause, half of them move to its new secret
// midway, and the old one is refused from its deadline on. And whether all uses of the old one are shown by network and program.
import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { Portal } from './portal.mjs';
import { binary, connections, goal, grace, number, rotation as total, say } from './settings.mjs';

// Asks `/v1/auth` over keep-alive connections until `next` returns nothing; `next` gets the number of the client and returns its secret.
function ask(base, next, seen) {
  const { hostname, port } = new URL(base);
  const one = (_, client) =>
    new Promise((done, failed) => {
      const socket = connect({ host: hostname, port: Number(port) });
      let [text, secret] = ['', ''];
      const send = () => {
        secret = next(client);
        if (!secret) return socket.end();
        socket.write(`GET /v1/auth HTTP/1.1\r\nhost: ${hostname}\r\nuser-agent: bench-${client % 4}\r\nx-api-key: ${secret}\r\n\r\n`);
      };
      socket.on('data', chunk => {
        text += chunk;
        const head = text.indexOf('\r\n\r\n');
        const length = head < 0 ? NaN : Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
        if (!(text.length >= head + 4 + length)) return;
        seen(secret, Number(text.slice(9, 12)), text.slice(head + 4));
        text = '';
        send();
      });
      socket.on('connect', send);
      socket.on('error', failed);
      socket.on('close', done);
    });
  return Promise.all(Array.from({ length: connections }, one));
}

export async function rotation() {
  const portal = await (await Portal.start('rotation')).setUp();
  const args = ['token', 'create', '--name', 'manager', '--manage', '--data', portal.data];
  const manager = execFileSync(binary, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const api = async (method, path, body) => {
    const headers = { authorization: `Bearer ${manager}`, 'content-type': 'application/json', connection: 'close' };
    const answer = await fetch(portal.base + path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}\n${await answer.text()}`);
    return answer.json();
  };
  const old = portal.key;
  const { data } = await api('GET', `/v1/apps/${portal.app.split('/').pop()}/keys`);
  const id = data[0].key_id;

  say(`Asking ${number(total)} times through a rotation …`);
  let [sent, made, rotating, after_rotation] = [0, null, null, 0];
  const uses = new Map([[old, 0]]);
  const refused = [];
  const next = client => {
    if (sent >= total) return undefined;
    sent++;
    if (sent >= total / 4) rotating ??= api('POST', `/v1/keys/${id}/rotate`, { grace_seconds: grace }).then(answer => (made = answer));
    return made && sent >= total / 2 && client % 2 === 0 ? made.secret_key : old;
  };
  const seen = (secret, status, body) => {
    uses.set(secret, (uses.get(secret) ?? 0) + 1);
    if (made && secret === old) after_rotation++;
    if (status !== 200) refused.push(`${status} ${body}`);
  };
  await ask(portal.base, next, seen);
  await rotating;
  const deadline = Date.parse(made.previous_expires_at);
  if (Date.now() >= deadline) throw new Error('The requests took longer than the grace period; raise BENCH_GRACE.');
  if (refused.length > 0) say(refused.slice(0, 3).join('\n'));
  goal('requests refused through a rotation', refused.length, { most: 0 });
  goal('requests with the new secret', uses.get(made.secret_key) ?? 0, { least: total / 8 });

  // Uses are counted by secret from the rotation on: those before it were of the only one. They are written every two seconds.
  await portal.rest();
  const page = await portal.visit(`/keys/${id}/rotate`);
  const rows = [...page.body.matchAll(/<td data-label="Requests"[^>]*>([\d,]+)/g)].map(([, n]) => Number(n.replaceAll(',', '')));
  const shown = rows.reduce((sum, n) => sum + n, 0);
  const counted = after_rotation;
  goal('percent of the uses of the old secret that are shown by network and program', (100 * Math.min(shown, counted)) / counted, {
    least: 99.9,
  });

  say('Waiting for the deadline …');
  const status = async secret => {
    const answer = await fetch(`${portal.base}/v1/auth`, { headers: { 'x-api-key': secret, connection: 'close' } });
    return answer.status;
  };
  while (Date.now() < deadline - 1_000) await new Promise(done => setTimeout(done, 100));
  let [accepted_late, tried] = [0, 0];
  // From a second before it to two after it.
  while (Date.now() < deadline + 2_000) {
    const began = Date.now();
    const answer = await status(old);
    if (began >= deadline && answer !== 401) accepted_late++;
    if (began < deadline - 100 && Date.now() < deadline && answer !== 200) refused.push(`${answer} before the deadline`);
    tried++;
  }
  goal('requests with the old secret accepted after its deadline', accepted_late, { most: 0 });
  goal('requests with the old secret refused before it', refused.length, { most: 0 });
  goal('requests with the new secret refused after it', (await status(made.secret_key)) === 200 ? 0 : 1, { most: 0 });
  await portal.end();
  return `## A rotation under load

${number(total)} requests over ${connections} connections; the key was rotated after a quarter, and half of the clients moved to the new secret midway:
${number(uses.get(made.secret_key))} requests with it. ${number(tried)} requests with the old one around its deadline. ${number(shown)} uses of the old
secret are shown, of ${rows.length} networks and programs.
`;
}
