// The middleware for Express, on node:http alone.

import assert from "node:assert/strict";
import { createServer, request as send } from "node:http";
import test from "node:test";
import { inspect } from "node:util";

import { sallyport } from "../src/express.js";
import { withVerification } from "../src/fetch.js";
import { Client } from "../src/index.js";
import { always, using, VALID } from "./fake.js";

const LIMITED = {
  valid: false,
  code: "rate_limited",
  status: 429,
  error: { type: "about:blank", title: "Too Many Requests", status: 429 },
  rate_limit: { limit: 600, remaining: 0, reset: 1795327201 },
  retry_after: 7,
  request_id: "r",
};

/** Asks an application behind a portal that answers so; what the portal was asked, and what the application saw. */
async function ask({ status = 200, answer = VALID, options = {}, before, ...request }) {
  return using(always(status, answer), async (portal) => {
    const client = new Client({ baseUrl: portal.url, token: "t" });
    const middleware = sallyport({ client, ...options });
    const seen = [];
    const server = createServer((incoming, response) => {
      before?.(incoming);
      void middleware(incoming, response, () => {
        seen.push(incoming);
        response.end("done");
      });
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const answered = await exchange(server.address().port, request);
      return { ...answered, seen, asked: portal.requests.map(({ body }) => JSON.parse(body)) };
    } finally {
      server.closeAllConnections();
      server.close();
      client.close();
    }
  });
}

const exchange = (port, { method = "GET", path = "/leads?x=1", headers = { "x-api-key": "sk_live_1" }, body = "" }) =>
  new Promise((resolve, reject) => {
    const sent = send({ port, host: "127.0.0.1", method, path, headers }, async (response) => {
      const parts = [];
      for await (const part of response) parts.push(part);
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() });
    });
    sent.on("error", reject);
    sent.end(body);
  });

test("a valid key reaches the application", async () => {
  const options = { app_id: "app_1", scopes: ["write"], mode: "live", ingestion: true };
  const { status, headers, asked, seen } = await ask({ options, method: "POST" });
  const { app_id, scopes, mode, ingestion } = options;
  const request = { method: "POST", path: "/leads", ip: "127.0.0.1" };
  assert.deepEqual(asked, [{ key: "sk_live_1", app_id, scopes, mode, ingestion, ...request }]);
  assert.equal(seen[0].verification.key_id, VALID.key_id);
  assert.deepEqual([status, headers["x-ratelimit-remaining"]], [200, "599"]);
});

test("a refusal is answered as the portal says", async () => {
  const limited = await ask({ answer: LIMITED });
  assert.deepEqual([limited.status, limited.seen, limited.headers["retry-after"]], [429, [], "7"]);
  assert.deepEqual(JSON.parse(limited.body), LIMITED.error);
  assert.equal(limited.headers["content-type"], "application/problem+json");
  const options = { challenge: 'ApiKey realm="x"' };
  const refused = await ask({ answer: { ...LIMITED, status: 401, error: { code: "x" } }, options });
  assert.deepEqual([refused.headers["www-authenticate"], refused.headers["content-type"]], [options.challenge, "application/json"]);
});

test("no answer is 503", async () => {
  for (const status of [302, 400, 401, 500, 503]) {
    const told = await ask({ status });
    assert.deepEqual([told.status, told.headers["retry-after"], told.seen], [503, "1", []]);
  }
});

test("a client that throws lets nothing through", async () => {
  const client = { verify: () => Promise.reject(new TypeError("oops")) };
  assert.deepEqual(await ask({ options: { client } }).then(({ status, seen }) => [status, seen]), [503, []]);
});

test("where the key is", async () => {
  const key = async (headers) => (await ask({ headers })).asked[0].key;
  assert.equal(await key({ authorization: "Bearer sk_live_2" }), "sk_live_2");
  assert.equal(await key({ authorization: "bearer  sk_live_2 " }), "sk_live_2");
  assert.equal(await key({ authorization: "Bearer other", "x-api-key": "sk_live_1" }), "sk_live_1");
  assert.equal(await key({ "x-api-key": ["a", "b"] }), "a, b");
  assert.equal(await key(["Authorization", "Bearer a", "Authorization", "Bearer b", "Host", "h"]), "a, Bearer b");
  assert.equal(await key({ authorization: "Basic c2tfbGl2ZV8x" }), undefined);
  assert.equal(await key({ "x-api-key": " " }), undefined);
  assert.equal(await key({}), undefined);
});

test("the path is the one that was sent", async () => {
  const path = async (path, before) => (await ask({ path, before })).asked[0].path;
  assert.equal(await path("/a%2Fb//c?x=1"), "/a%2Fb//c");
  assert.equal(await path("http://elsewhere/a?x"), "/a");
  assert.equal(await path("/sub", (request) => Object.assign(request, { originalUrl: "/api/sub?x", ip: "203.0.113.7" })), "/api/sub");
});

test("a signed request", async () => {
  const headers = { "x-api-key": "k", "x-sallyport-timestamp": "1", "x-sallyport-signature": "ab" };
  const options = { signed: true };
  const signature = { timestamp: "1", signature: "ab", body_base64: "aGVsbG8=" };
  const { asked, seen } = await ask({ method: "POST", headers, body: "hello", options });
  assert.deepEqual([asked[0].signature, seen[0].body.toString(), seen[0].rawBody.toString()], [signature, "hello", "hello"]);
  const before = (request) => Object.assign(request, { rawBody: Buffer.from("hello"), body: { parsed: true } });
  const parsed = await ask({ method: "POST", headers, options, before });
  assert.deepEqual([parsed.asked[0].signature, parsed.seen[0].body], [signature, { parsed: true }]);
  delete headers["x-sallyport-signature"];
  assert.equal((await ask({ headers, options })).asked[0].signature.signature, "");
  delete headers["x-sallyport-timestamp"];
  assert.equal((await ask({ headers, options })).asked[0].signature, undefined);
});

test("why it is 503 is told", async () => {
  const errors = [];
  const told = await ask({ status: 401, options: { onError: (error) => errors.push(error) } });
  assert.deepEqual([told.status, errors.map(({ code }) => code)], [503, ["token_refused"]]);
  assert.ok(!inspect(errors).includes("sk_live_1"));
  const onError = () => {
    throw new Error("oops");
  };
  assert.equal((await ask({ status: 500, options: { onError } })).status, 503);
  assert.deepEqual(await ask({ options: { onError } }).then(({ status }) => status), 200);
});

test("a client that left before its body is read", async () => {
  const before = (request) => request.destroy();
  const left = new Promise((resolve) => {
    void ask({ method: "POST", body: "hello", before, options: { signed: true, onError: resolve } }).catch(() => {});
  });
  assert.match(String(await left), /left before/);
});

test("a body is bounded", async () => {
  const told = await ask({ method: "POST", body: "x".repeat(1000), options: { signed: true, maxBody: 999 } });
  assert.deepEqual([told.status, told.asked, told.seen], [413, [], []]);
});

test("options that are not known, or require nothing", () => {
  const client = { verify: () => assert.fail("asked") };
  const wrong = [{ appId: "app_1" }, { scope: ["admin"] }, { app_id: undefined }, { mode: null }, { scopes: undefined }, { scopes: "read" }];
  for (const options of [...wrong, { client: undefined }, { ip: () => "" }]) {
    assert.throws(() => sallyport({ client, ...options }), TypeError, JSON.stringify(options));
  }
  for (const options of wrong) assert.throws(() => withVerification({ client, ...options }, () => assert.fail("called")), TypeError);
});
