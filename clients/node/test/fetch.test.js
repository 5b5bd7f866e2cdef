// Handlers of the fetch API.

import assert from "node:assert/strict";
import test from "node:test";

import { withVerification } from "../src/fetch.js";
import { Client } from "../src/index.js";
import { always, using, VALID } from "./fake.js";

const REFUSED = { valid: false, code: "revoked", status: 401, error: { type: "about:blank", title: "Unauthorized" }, request_id: "r" };

async function ask(request, { status = 200, answer = VALID, ...options } = {}, ...rest) {
  return using(always(status, answer), async (portal) => {
    const client = new Client({ baseUrl: portal.url, token: "t" });
    const seen = [];
    const handler = withVerification({ client, ...options }, async (request, verification, ...rest) => {
      seen.push({ verification, body: await request.text(), url: request.url, rest });
      return Response.redirect("https://elsewhere.example");
    });
    const response = await handler(request, ...rest);
    client.close();
    return { response, seen, asked: portal.requests.map(({ body }) => JSON.parse(body)) };
  });
}

const KEY = { "x-api-key": "sk_live_1" };
const URL = "https://api.example.com/a%2Fb?x=1";

test("a valid key reaches the handler", async () => {
  const options = { scopes: ["write"], ip: (_, { address }) => address };
  const request = new Request(URL, { method: "POST", headers: KEY, body: "hello" });
  const { response, seen, asked } = await ask(request, options, { address: "203.0.113.7" });
  assert.deepEqual(asked, [{ key: "sk_live_1", scopes: ["write"], method: "POST", path: "/a%2Fb", ip: "203.0.113.7" }]);
  assert.deepEqual([seen[0].body, seen[0].url, seen[0].rest], ["hello", URL, [{ address: "203.0.113.7" }]]);
  assert.deepEqual([response.status, response.headers.get("x-ratelimit-limit")], [302, "600"]);
});

test("others don't", async () => {
  const refused = await ask(new Request(URL, { headers: KEY }), { answer: REFUSED });
  assert.deepEqual([refused.response.status, refused.seen], [401, []]);
  assert.equal(refused.response.headers.get("www-authenticate"), "Bearer");
  assert.deepEqual(await refused.response.json(), REFUSED.error);
  for (const status of [302, 400, 401, 500, 503]) {
    const told = await ask(new Request(URL, { headers: KEY }), { status });
    assert.deepEqual([told.response.status, told.seen], [503, []]);
  }
  const broken = await ask(new Request(URL, { headers: KEY }), { ip: () => { throw new Error("oops"); } });
  assert.deepEqual([broken.response.status, broken.seen], [503, []]);
});

test("a signed request", async () => {
  const headers = { ...KEY, "x-sallyport-timestamp": "1", "x-sallyport-signature": "ab" };
  const request = new Request(URL, { method: "POST", headers, body: "hello" });
  const { seen, asked } = await ask(request, { signed: true });
  assert.deepEqual(asked[0].signature, { timestamp: "1", signature: "ab", body_base64: "aGVsbG8=" });
  assert.deepEqual([seen[0].body, seen[0].url], ["hello", URL]);
  const empty = await ask(new Request(URL, { headers }), { signed: true });
  assert.equal(empty.asked[0].signature.body_base64, "");
});

test("a body is bounded, and without end", async () => {
  const body = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) });
  const request = new Request(URL, { method: "POST", headers: KEY, body, duplex: "half" });
  const told = await ask(request, { signed: true });
  assert.deepEqual([told.response.status, told.asked, told.seen], [413, [], []]);
});
