// What the client sends, and what it makes of answers: the vectors of all languages.

import assert from "node:assert/strict";
import test from "node:test";
import { inspect } from "node:util";

import { Client, RefusedError, VerificationError } from "../src/index.js";
import { ConfigurationError } from "../src/runtime-configuration/index.js";
import { always, using, VALID, vectors } from "./fake.js";

const { answers, requests, base_urls } = vectors("verify.json");

test("each answer", async (t) => {
  assert.ok(answers.length > 60);
  for (const vector of answers) {
    await t.test(vector.name, () =>
      using(always(vector.status, vector.body, vector.headers), async (portal) => {
        const client = new Client({ baseUrl: portal.url, token: "sp_root_hidden" });
        const error = await client.verify("sk_live_hidden").catch((error) => error);
        client.close();
        if (vector.error) {
          assert.ok(error instanceof VerificationError, String(error));
          assert.deepEqual([error.code, error.retryAfter, error.status], [vector.error, vector.retry_after, vector.status]);
          assert.ok(!inspect(error).includes("hidden"));
          return;
        }
        const { expected } = vector;
        assert.equal(error instanceof RefusedError, !expected.valid);
        const told = expected.valid ? error : error.verification;
        for (const [name, value] of Object.entries(told)) assert.deepEqual(value, expected[name] ?? null, name);
        for (const name of Object.keys(expected)) assert.ok(name in told, name);
      }),
    );
  }
});

test("each request", () =>
  using(always(200, VALID), async (portal) => {
    const client = new Client({ baseUrl: `${portal.url}/portal/`, token: "sp_root_1" });
    for (const { name, arguments: given, body } of requests) {
      const { key, signature, ...required } = given;
      if (signature) {
        required.signature = { ...signature, body: Buffer.from(signature.body_base64, "base64") };
      }
      await client.verify(key, required);
      const request = portal.requests.at(-1);
      assert.equal(request.line, "POST /portal/v1/keys/verify HTTP/1.1");
      assert.equal(request.headers.authorization, "Bearer sp_root_1");
      assert.equal(request.headers["content-type"], "application/json");
      assert.equal(request.headers["x-other"], undefined);
      assert.deepEqual(JSON.parse(request.body), body, name);
    }
    client.close();
  }));

test("each base URL", () => {
  for (const { url, accepted } of base_urls) {
    const made = () => new Client({ baseUrl: url, token: "sp_root_1" });
    if (accepted) made().close();
    else assert.throws(made, (error) => error instanceof ConfigurationError && !error.message.includes("secret"), url);
  }
  new Client({ baseUrl: "http://sallyport:3000", token: "sp_root_1", allowPlainHttp: true }).close();
});

test("settings that are refused", () => {
  const made = (options) => () => new Client({ baseUrl: "https://keys.example.com", token: "sp_root_1", ...options });
  for (const token of ["", "sp_root_1\r\nX-Other: 1", "sp root", "sp_root_ключ", undefined]) {
    assert.throws(made({ token }), (error) => error instanceof ConfigurationError && !error.message.includes("X-Other"));
  }
  for (const cacheMs of [1001, -1, NaN]) assert.throws(made({ cacheMs }), RangeError);
  for (const timeoutMs of [0, -1, NaN, Infinity]) assert.throws(made({ timeoutMs }), RangeError);
  assert.ok(!inspect(made({ token: "sp_root_hidden" })(), { depth: 9, showHidden: true }).includes("hidden"));
});

test("scopes are a list", async () => {
  const client = new Client({ baseUrl: "https://keys.example.com", token: "sp_root_1" });
  await assert.rejects(client.verify("k", { scopes: "read" }), TypeError);
});

test("requirements that are not known, or have no value", () =>
  using(always(200, VALID), async (portal) => {
    const client = new Client({ baseUrl: portal.url, token: "t" });
    const wrong = [{ appId: "app_1" }, { scope: "read" }, { app_id: undefined }, { app_id: null }, { mode: undefined }, { scopes: null }];
    for (const required of [...wrong, { scopes: "read" }, ["read"], "read", null]) {
      await assert.rejects(client.verify("sk_live_1", required), TypeError, JSON.stringify(required));
    }
    assert.deepEqual(portal.requests, []);
    client.close();
  }));
