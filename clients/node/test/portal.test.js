// Against the running portal that scripts/test-clients starts.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

import { Client, RefusedError, signRequest, VerificationError, verifyCapability } from "../src/index.js";

const file = process.env.SALLYPORT_TEST_PORTAL;
const portal = file && JSON.parse(readFileSync(file, "utf8"));
const examples = new URL("../examples/", import.meta.url);
const started = { skip: file ? false : "scripts/test-clients starts a portal" };

const signature = (secret, body) => {
  const headers = signRequest(secret, body);
  return { timestamp: headers["X-Sallyport-Timestamp"], signature: headers["X-Sallyport-Signature"], body };
};

async function asking(act, options) {
  const client = new Client({ baseUrl: portal.url, token: portal.token, ...options });
  const code = (key, required) => client.verify(key, required).then(() => "valid", (error) => error.code);
  await act(client, code);
  client.close();
}

test("a valid key", started, () =>
  asking(async (client) => {
    const { key_id, mode, secret, scopes, rate_limit } = await client.verify(portal.key, { scopes: ["read"], app_id: portal.app_id });
    assert.deepEqual([key_id, mode, secret, scopes, rate_limit.limit], [portal.key_id, "live", "current", ["read"], 600]);
  }),
);

test("refused keys", started, () =>
  asking(async (client, code) => {
    assert.equal(await code(portal.revoked_key), "revoked");
    assert.equal(await code(undefined), "missing");
    assert.equal(await code("hello"), "malformed");
    assert.equal(await code('x"\r\nX-Other: 1'), "malformed");
    assert.equal(await code(portal.key, { scopes: ["write"] }), "insufficient_scope");
    assert.equal(await code(portal.key, { method: "DELETE", path: "/x" }), "insufficient_scope");
    assert.equal(await code(portal.key, { app_id: "app_other" }), "app_mismatch");
    assert.equal(await code(portal.key, { mode: "test" }), "mode_mismatch");
    const error = await client.verify(portal.revoked_key).catch((error) => error);
    assert.ok(error instanceof RefusedError);
    assert.deepEqual([error.verification.status, error.verification.error.status], [401, 401]);
  }),
);

test("what is no question", started, async () => {
  const fails = (options, required, expected) =>
    asking(async (client) => {
      const error = await client.verify("k", required).catch((error) => error);
      assert.ok(error instanceof VerificationError);
      assert.equal(error.code, expected);
    }, options);
  await fails({ token: "sp_root_wrong" }, {}, "token_refused");
  await fails({}, { ip: "nowhere" }, "request_refused");
});

test("a signed request, once", started, () =>
  asking(async (client, code) => {
    const signed = { signature: signature(portal.signing_secret, randomBytes(16)) };
    assert.equal(await code(portal.signed_key), "signature_required");
    assert.equal(await code(portal.signed_key, { signature: signature("sgn_other", Buffer.from("x")) }), "bad_signature");
    assert.equal(await code(portal.signed_key, signed), "valid");
    assert.equal(await code(portal.signed_key, signed), "replayed");
  }),
);

test("a capability token", started, async () => {
  const keys = await (await fetch(`${portal.url}/.well-known/jwks.json`)).json();
  const required = { issuer: portal.url, app_id: portal.app_id, modules: ["focus"] };
  assert.equal(verifyCapability(portal.capability_token, keys, required).subject, "person-7");
});

/** What an example has to do, whichever way it is asked. */
async function runs(ask) {
  const asked = async (key, method = "GET", headers = {}, body) => {
    const response = await ask(method, { ...(key && { "x-api-key": key }), ...headers }, body);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await asked(portal.key), [200, "Hello, reads.\n"]);
  for (const key of [undefined, "hello", portal.revoked_key, portal.signed_key]) assert.equal((await asked(key))[0], 401);
  assert.equal((await asked(portal.key, "POST"))[0], 403);
  // Each signature is accepted once; these are of a second of their own.
  const headers = signRequest(portal.signing_secret, "", { now: Date.now() / 1000 + 10 + runs.times++ });
  const statuses = [await asked(portal.signed_key, "GET", headers), await asked(portal.signed_key, "GET", headers)];
  assert.deepEqual(statuses.map(([status]) => status), [200, 401]);
}
runs.times = 0;

test("the examples", started, async () => {
  process.env.SALLYPORT_URL = portal.url;
  process.env.SALLYPORT_TOKEN = portal.token;
  process.env.PORT = "0";
  const { server } = await import(new URL("node_http.js", examples));
  await new Promise((resolve) => (server.listening ? resolve() : server.on("listening", resolve)));
  await runs((method, headers) => fetch(`http://127.0.0.1:${server.address().port}/x`, { method, headers }));
  server.closeAllConnections();
  server.close();
  const handler = (await import(new URL("fetch_app.js", examples))).default;
  await runs((method, headers) => handler.fetch(new Request("https://api.example.com/x", { method, headers })));
});

test("each example is short", () => {
  for (const name of readdirSync(examples)) {
    assert.ok(readFileSync(new URL(name, examples), "utf8").split("\n").length <= 40, name);
  }
});
