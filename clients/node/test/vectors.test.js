// Signed requests, webhooks, capability tokens and runtime configurations: the vectors of all languages.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { inspect } from "node:util";

import * as lib from "../src/index.js";
import { ConfigurationError, load } from "../src/runtime-configuration/index.js";
import { vectors } from "./fake.js";

/** What was emitted while `act` ran. */
async function warnings(act) {
  const told = [];
  const listen = (warning) => told.push(warning.message);
  process.on("warning", listen);
  const result = act();
  await new Promise(setImmediate);
  process.off("warning", listen);
  return [result, told];
}

test("signed requests", () => {
  const file = vectors("signatures.json");
  assert.ok(file.vectors.length > 25);
  for (const { name, secret, timestamp, signature, body_base64, expected } of file.vectors) {
    const body = Buffer.from(body_base64, "base64");
    const verified = (secrets) => lib.verifyRequest(secrets, timestamp, signature, body, { now: file.now });
    if (expected === "good" || expected === "out_of_time") {
      const headers = lib.signRequest(secret, body, { now: Number(timestamp) });
      assert.deepEqual(headers, { "X-Sallyport-Timestamp": timestamp, "X-Sallyport-Signature": signature }, name);
    }
    if (expected === "good") {
      verified(secret);
      verified(["sgn_other", secret]);
      assert.throws(() => verified("sgn_other"), lib.SignatureError, name);
    } else {
      assert.throws(() => verified(secret), (error) => error instanceof lib.SignatureError && error.code === expected, name);
    }
  }
  const now = lib.signRequest("sgn_1", "{}");
  lib.verifyRequest("sgn_1", now["X-Sallyport-Timestamp"], now["X-Sallyport-Signature"], "{}");
  assert.throws(() => lib.signRequest("", ""), TypeError);
  assert.throws(() => lib.verifyRequest([], "1795327200", "0".repeat(64), "", { now: 1795327200 }), lib.SignatureError);
});

test("webhooks", () => {
  const file = vectors("webhooks.json");
  assert.ok(file.vectors.length > 45);
  const { sequence, ...helios } = file.forms.helios;
  assert.deepEqual(helios, lib.HELIOS);
  for (const vector of file.vectors) {
    const { name, secrets, headers, body, event, code } = vector;
    const form = vector.form === "helios" ? lib.HELIOS : undefined;
    const verifier = new lib.WebhookVerifier(secrets, { form, tolerance: vector.tolerance ?? file.tolerance });
    const verified = (given) => verifier.verify(Buffer.from(body), given, { now: vector.now ?? file.now });
    if (code) {
      assert.throws(() => verified(headers), (error) => error instanceof lib.WebhookError && error.code === code, name);
      continue;
    }
    for (const given of [headers, new Headers(headers)]) {
      const told = verified(given);
      for (const [field, value] of Object.entries(event)) assert.deepEqual(told[field], value, `${name}: ${field}`);
    }
    assert.ok(!inspect(verifier, { showHidden: true }).includes(secrets[0].slice(6)));
  }
  for (const secret of [...file.bad_secrets, []]) assert.throws(() => new lib.WebhookVerifier(secret), TypeError, secret);
});

test("capability tokens", async () => {
  const file = vectors("capabilities.json");
  assert.ok(file.vectors.length > 25);
  for (const { name, token, options = {}, capability, code } of file.vectors) {
    const { allow_unsigned, ...required } = options;
    const own = { issuer: file.issuer, app_id: file.app_id, now: file.now, allowUnsigned: allow_unsigned };
    const verified = () => lib.verifyCapability(token, file.keys, { ...own, ...required });
    if (code) {
      assert.throws(verified, (error) => error instanceof lib.CapabilityError && error.code === code, name);
      continue;
    }
    const [granted, told] = await warnings(verified);
    assert.deepEqual(granted, capability, name);
    assert.equal(told.length, capability.is_signed ? 0 : 1, name);
  }
  for (const token of [null, undefined, 7, "a.b", "a".repeat(9000)]) {
    assert.throws(() => lib.verifyCapability(token, file.keys, { issuer: "", app_id: "" }), lib.CapabilityError);
  }
});

test("runtime configurations", async (t) => {
  const all = vectors("runtime-configuration.json").vectors;
  assert.ok(all.length > 25);
  for (const vector of all) {
    const folder = mkdtempSync(join(tmpdir(), "runtime-configuration-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = (place) => join(folder, place, "synheart.json");
    for (const place of ["working", "data", "explicit"]) mkdirSync(join(folder, place));
    for (const [place, text] of Object.entries(vector.files ?? {})) writeFileSync(file(place), text, { mode: 0o600 });
    const loading = () =>
      load({
        path: vector.path && file(vector.path),
        workingDirectory: join(folder, "working"),
        dataDirectory: join(folder, "data"),
        environment: vector.environment ?? {},
        ...vector.arguments,
      });
    if (vector.config) {
      const [config, told] = await warnings(loading);
      for (const [field, value] of Object.entries(vector.config)) assert.deepEqual(config[field], value, `${vector.name}: ${field}`);
      assert.ok(config.device_id && config.platform && config.app_version);
      assert.ok(!JSON.stringify(config).includes("app_api_key") && !inspect(config).includes(`'${config.app_api_key}'`));
      assert.deepEqual(told, []);
      continue;
    }
    const { error: expected, name } = vector;
    assert.throws(
      loading,
      (error) => {
        assert.ok(error instanceof ConfigurationError, `${name}: ${error.stack}`);
        const path = expected.file ? file(expected.file) : undefined;
        const where = [path, expected.line ?? undefined, expected.field ?? undefined];
        assert.deepEqual([error.path, error.line, error.field], where, name);
        for (const part of [path, expected.line && `:${expected.line}:`, expected.field]) assert.ok(error.message.includes(part ?? ""));
        return !(expected.no && error.message.includes(expected.no));
      },
      name,
    );
  }
});

test("others who can read the file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "runtime-configuration-"));
  const path = join(folder, "synheart.json");
  writeFileSync(path, '{"app_id": "a", "org_id": "o", "app_api_key": "k"}', { mode: 0o600 });
  assert.deepEqual((await warnings(() => load({ path })))[1], []);
  chmodSync(path, 0o644);
  const [config, told] = await warnings(() => load({ path }));
  assert.match(told.join(), /chmod 600/);
  assert.deepEqual(told, [...config.warnings]);
  mkdirSync(join(folder, ".git"));
  assert.deepEqual([config.withSubjectId("ada").subject_id, config.subject_id], ["ada", null]);
  assert.equal(config.withSubjectId("ada").app_api_key, "k");
  rmSync(folder, { recursive: true });
});
