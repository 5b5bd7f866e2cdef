// The bare twin: a server that returns the verifier's response, and does nothing else (server/examples/bare.rs).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, listening } from './portal.mjs';
import { bare } from './settings.mjs';

// Headers that each server adds by itself: length, date and connection.
const own = new Set(['content-length', 'date', 'connection', 'keep-alive', 'transfer-encoding']);

async function answer(url, init) {
  const said = await fetch(url, { ...init, headers: { ...init.headers, connection: 'close' } });
  const body = await said.text();
  if (said.status !== 200) throw new Error(`${url}: ${said.status}\n${body}`);
  return { headers: [...said.headers].filter(([name]) => !own.has(name)), body };
}

// Sends each request to the portal once, and starts a twin that returns the same.
export async function twin(portal, root) {
  const verify = {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${root}` },
    body: JSON.stringify({ key: portal.key, scopes: ['read'] }),
  };
  const asked = {
    verify: base => answer(`${base}/v1/keys/verify`, verify),
    auth: base => answer(`${base}/v1/auth?scope=read`, { headers: { 'x-api-key': portal.key } }),
  };
  const given = { key: portal.key, verify: await asked.verify(portal.base), auth: await asked.auth(portal.base) };
  const file = join(folder, 'bare.json');
  writeFileSync(file, JSON.stringify(given));
  const { base } = await listening(bare, [file], 'bare');
  for (const [name, ask] of Object.entries(asked)) {
    const [said, meant] = [await ask(base), given[name]].map(one => JSON.stringify([[...one.headers].sort(), one.body]));
    if (said !== meant) throw new Error(`the twin does not answer the same:\n${said}\n${meant}`);
  }
  return base;
}
