import assert from "node:assert/strict";
import test from "node:test";

import { Cache } from "../src/cache.js";
import { Client, RefusedError } from "../src/index.js";
import { always, using, VALID } from "./fake.js";

const SIGNATURE = { timestamp: "1795327200", signature: "0".repeat(64), body: Buffer.alloc(0) };

const asking = (body, options, act) =>
  using(always(200, body), async (portal) => {
    const client = new Client({ baseUrl: portal.url, token: "t", ...options });
    await act(client, portal);
    client.close();
  });

test("off unless asked for", () =>
  asking(VALID, {}, async (client, portal) => {
    await client.verify("a");
    await client.verify("a");
    assert.equal(portal.requests.length, 2);
  }));

test("the same request only", () =>
  asking(VALID, { cacheMs: 1000 }, async (client, portal) => {
    for (const [key, scopes] of [["a"], ["a"], ["b"], ["a", ["read"]], ["a"]]) await client.verify(key, scopes && { scopes });
    assert.equal(portal.requests.length, 3);
    await client.verify("a", { signature: SIGNATURE });
    await client.verify("a", { signature: SIGNATURE });
    assert.equal(portal.requests.length, 5);
  }));

test("refusals are asked each time", () =>
  asking({ valid: false, code: "revoked", status: 401, error: {}, request_id: "r" }, { cacheMs: 1000 }, async (client, portal) => {
    await assert.rejects(client.verify("a"), RefusedError);
    await assert.rejects(client.verify("a"), RefusedError);
    assert.equal(portal.requests.length, 2);
  }));

test("for as long as it says, and bounded", () => {
  let now = 0;
  const cache = new Cache(1000, () => now);
  const digest = cache.digest("sk_live_1");
  assert.ok(!digest.includes("sk_live_1") && digest !== new Cache(1000).digest("sk_live_1"));
  cache.put(digest, now, VALID);
  now = 999;
  assert.equal(cache.get(digest), VALID);
  now = 1000;
  assert.equal(cache.get(digest), undefined);
  for (let n = 0; n < 5000; n++) cache.put(String(n), now, VALID);
  assert.equal(cache.size, 4096);
});

test("nobody changes what others are given", () =>
  asking({ ...VALID, metadata: { plan: { seats: [1] } } }, { cacheMs: 1000 }, async (client) => {
    const valid = await client.verify("a");
    const changes = [() => (valid.metadata.plan.seats[0] = 2), () => (valid.rate_limit.limit = 2), () => valid.scopes.push("admin")];
    for (const change of changes) assert.throws(change, TypeError);
    assert.deepEqual((await client.verify("a")).metadata, { plan: { seats: [1] } });
  }));
