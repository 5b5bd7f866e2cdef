// How long a partner's signed report takes until what it names is refused: of one key, and of a thousand at once; while other keys
// are verified.
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, Portal } from './portal.mjs';
import { goal, ms, number, say } from './settings.mjs';

const ONE = 20;
const MANY = 1_000;

export async function leaks() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = publicKey.export({ type: 'spki', format: 'pem' });
  const [keys, config] = [join(folder, 'partner.json'), join(folder, 'leaks.toml')];
  writeFileSync(keys, JSON.stringify({ public_keys: [{ key_identifier: 'bench', key, is_current: true }] }));
  writeFileSync(config, `[leaks]\npartner_keys = ${JSON.stringify(keys)}\n`);
  const portal = await (await Portal.start('leaks', ['--config', config])).setUp();
  const root = portal.makeRoot();
  portal.fill(ONE + MANY);
  const secrets = readFileSync(portal.secrets, 'utf8').trim().split('\n');

  const post = async (path, body, headers) => {
    const answer = await fetch(portal.base + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    if (answer.status !== 200) throw new Error(`POST ${path}: ${answer.status}\n${await answer.text()}`);
    return answer.json();
  };
  const verify = async secret => (await post('/v1/keys/verify', JSON.stringify({ key: secret }), { authorization: `Bearer ${root}` })).code;
  const report = async tokens => {
    const body = JSON.stringify(tokens.map(token => ({ token, type: 'bench', url: 'https://example.com/x', source: 'content' })));
    const signature = sign('sha256', Buffer.from(body), privateKey).toString('base64');
    const headers = { 'github-public-key-identifier': 'bench', 'github-public-key-signature': signature };
    const labels = await post('/v1/leaks', body, headers);
    const wrong = labels.filter(({ label }) => label !== 'true_positive').length;
    if (wrong > 0 || labels.length !== tokens.length) throw new Error(`${wrong} of ${labels.length} labels are wrong`);
  };
  // Until each of them is refused.
  const refused = async tokens => {
    const began = performance.now();
    await report(tokens);
    const answered = performance.now() - began;
    for (let rest = tokens; rest.length > 0; ) {
      const codes = await Promise.all(rest.slice(0, 50).map(verify));
      rest = [...rest.slice(0, 50).filter((_, at) => codes[at] !== 'revoked'), ...rest.slice(50)];
    }
    return { answered, all: performance.now() - began };
  };

  say(`Reporting ${ONE} keys, one by one …`);
  // Warm, as keys in use are.
  for (const secret of secrets) await verify(secret);
  const single = [];
  for (const secret of secrets.slice(0, ONE)) single.push((await refused([secret])).all);
  say(`Reporting ${number(MANY)} keys at once …`);
  const many = await refused(secrets.slice(ONE));
  goal('seconds from a signed report of a key to its refusal, the slowest', Math.max(...single) / 1000, { most: 1 });
  goal('seconds from a signed report of 1,000 keys to the refusal of all', many.all / 1000, { most: 5 });
  await portal.end();
  return `## Reports of leaked keys

| signed report | answered | refused |
|---|---:|---:|
| one key, the slowest of ${ONE} | | ${ms(Math.max(...single))} |
| ${number(MANY)} keys | ${ms(many.answered)} | ${ms(many.all)} |
`;
}
