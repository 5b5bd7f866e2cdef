// Whether an example of clients/ lets the right requests through: `clients-example.mjs URL PORTAL.json AHEAD`. It signs so many
// seconds ahead of the clock: each signature is accepted once, and two examples may be asked in the same second.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

import { signRequest } from "../clients/node/src/index.js";

const [url, file, ahead] = process.argv.slice(2);
const portal = JSON.parse(readFileSync(file, "utf8"));

async function ask(path, key, { headers = {}, ...more } = {}) {
  const answer = await fetch(url + path, { headers: { ...(key && { "x-api-key": key }), ...headers }, ...more });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

const hello = await ask("/hello", portal.key);
assert.deepEqual([hello.status, hello.body], [200, { hello: "reads", app_id: portal.app_id }]);
assert.equal(hello.headers.get("x-ratelimit-limit"), "600");

for (const key of [undefined, "hello", portal.revoked_key, portal.signed_key]) {
  const refused = await ask("/hello", key);
  assert.deepEqual([refused.status, refused.body.status], [401, 401]);
  assert.equal(refused.headers.get("content-type"), "application/problem+json");
  assert.equal(refused.headers.get("www-authenticate"), "Bearer");
}
// A key that reads may not write.
const written = await ask("/echo", portal.key, { method: "POST", body: "hello" });
assert.deepEqual([written.status, written.body.status], [403, 403]);

const signed = { headers: signRequest(portal.signing_secret, "", { now: Date.now() / 1000 + Number(ahead) }) };
assert.equal((await ask("/hello", portal.signed_key, signed)).status, 200);
assert.equal((await ask("/hello", portal.signed_key, signed)).status, 401);
const body = randomBytes(100);
const posted = { method: "POST", headers: signRequest(portal.writing_signing_secret, body), body };
assert.deepEqual((await ask("/echo", portal.writing_key, posted)).body, { length: 100 });
assert.equal((await ask("/echo", portal.writing_key, { ...posted, body: "other" })).status, 401);
const long = await ask("/echo", portal.writing_key, { method: "POST", body: randomBytes(200_000) });
assert.equal(long.status, 413);
