// Connections: kept, closed, slow, endless, gone. Whatever happens, nothing but an answer is a result.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { Client, RefusedError, VerificationError } from "../src/index.js";
import { always, answer, fakePortal, using, VALID } from "./fake.js";

const CONTENT = JSON.stringify(VALID);
const REFUSED = { valid: false, code: "revoked", status: 401, error: {}, request_id: "r" };
const SIGNATURE = { timestamp: "1795327200", signature: "0".repeat(64), body: Buffer.alloc(0) };

/** Runs `act(client, portal)`. */
const asking = (started, act, options = {}) =>
  using(started, async (portal) => {
    const client = new Client({ baseUrl: portal.url, token: "t", ...options });
    try {
      await act(client, portal);
    } finally {
      client.close();
    }
  });

async function fails(client, code, required) {
  const error = await client.verify("sk_live_1", required).then(
    () => assert.fail("valid"),
    (error) => error,
  );
  assert.ok(error instanceof VerificationError, String(error));
  assert.equal(error.code, code, error.message);
}

test("a connection is kept", () =>
  asking(always(200, VALID), async (client, portal) => {
    for (let n = 0; n < 5; n++) await client.verify("sk_live_1");
    assert.deepEqual([portal.connections, portal.requests.length], [1, 5]);
  }));

test("concurrent calls get their own answers", () =>
  asking(
    fakePortal((request, socket) => answer(socket, 200, { ...VALID, key_id: JSON.parse(request.body).key })),
    async (client) => {
      const keys = Array.from({ length: 50 }, (_, n) => `k${n}`);
      const told = await Promise.all(keys.map((key) => client.verify(key)));
      assert.deepEqual(told.map(({ key_id }) => key_id), keys);
    },
  ));

test("nothing listens", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.on("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  await fails(new Client({ baseUrl: `http://127.0.0.1:${port}`, token: "t" }), "unreachable");
  await fails(new Client({ baseUrl: "https://keys.invalid", token: "t" }), "unreachable");
});

test("a connection is tried twice", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.on("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  const client = new Client({ baseUrl: `http://127.0.0.1:${port}`, token: "t" });
  const asked = client.verify("sk_live_1");
  // Listens before the second attempt, 50 ms later at the earliest, or fails as a server that is down.
  const late = createServer((socket) => socket.on("data", () => answer(socket, 200, VALID)));
  await new Promise((resolve) => setImmediate(() => late.listen(port, "127.0.0.1", resolve)));
  const told = await asked;
  late.close();
  assert.equal(told.key_id, VALID.key_id);
});

const timesOut = (serve) =>
  asking(
    fakePortal(serve),
    async (client, portal) => {
      await fails(client, "timed_out");
      assert.equal(portal.requests.length, 1, "not tried again");
    },
    { timeoutMs: 300 },
  );

const drip = async (socket, text) => {
  for (const letter of text) {
    if (!socket.writable) return;
    socket.write(letter);
    await pause(20);
  }
};

test("no answer", () => timesOut(() => {}));
test("a head letter by letter", () =>
  timesOut((_, socket) => drip(socket, `HTTP/1.1 200 OK\r\nX: ${"x".repeat(10_000)}`)));
test("a body letter by letter", () =>
  timesOut((_, socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${CONTENT.length}\r\n\r\n`);
    drip(socket, CONTENT);
  }));

const endless = (head, part) =>
  asking(
    fakePortal((_, socket) => {
      socket.write(head);
      const go = () => {
        while (socket.writable && socket.write(part));
        socket.once("drain", go);
      };
      go();
    }),
    (client) => fails(client, "unexpected_answer"),
    { timeoutMs: 20_000 },
  );

test("a body without end", async () => {
  await endless(`HTTP/1.1 200 OK\r\n\r\n${CONTENT}`, " ".repeat(10_000));
  await endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", `400\r\n${" ".repeat(1024)}\r\n`);
  await endless("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", " ".repeat(10_000));
});
test("a head without end", () => endless("HTTP/1.1 200 OK\r\n", `X-Other: ${"x".repeat(1000)}\r\n`));

test("a body that ends too early", () =>
  asking(
    fakePortal((_, socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${CONTENT.length + 1}\r\n\r\n${CONTENT}`)),
    (client) => fails(client, "unreachable"),
  ));

test("a redirect is not followed", () =>
  using(always(200, VALID), async (other) => {
    for (const status of [301, 302, 303, 307, 308]) {
      await asking(always(status, VALID, { Location: other.url }), (client) => fails(client, "unexpected_answer"));
    }
    assert.equal(other.connections, 0);
  }));

/** Closes each connection after its first answer, once the next request was there. */
const closing = () =>
  fakePortal((request, socket) => (request.number === 1 ? answer(socket, 200, CONTENT) : socket.destroy()));

test("a kept connection that was closed is replaced", () =>
  asking(closing(), async (client, portal) => {
    await client.verify("sk_live_1");
    await client.verify("sk_live_1");
    assert.deepEqual([portal.connections, portal.requests.length], [2, 3]);
  }));

test("a signed request is never sent twice", () =>
  asking(closing(), async (client, portal) => {
    await client.verify("sk_live_1", { signature: SIGNATURE });
    await fails(client, "unreachable", { signature: SIGNATURE });
    assert.equal(portal.requests.length, 2);
  }));

test("an answer before the request is not taken", () => {
  let sendAnother;
  return asking(
    fakePortal((request, socket) => {
      answer(socket, 200, REFUSED);
      sendAnother = () => answer(socket, 200, VALID);
    }),
    async (client, portal) => {
      await assert.rejects(client.verify("sk_live_1"), RefusedError);
      sendAnother();
      // It arrives in this process: the client has read it after the next turn.
      await pause(20);
      await assert.rejects(client.verify("sk_live_1"), RefusedError);
      assert.equal(portal.connections, 2);
    },
  );
});

test("two answers at once", () =>
  asking(
    fakePortal((request, socket) => {
      const one = (body) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      socket.write(one(JSON.stringify(REFUSED)) + one(CONTENT));
    }),
    async (client) => {
      for (let n = 0; n < 3; n++) await assert.rejects(client.verify("sk_live_1"));
    },
  ));

test("certificates", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sallyport-client-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const command = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
  command.push("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate);
  execFileSync("openssl", command, { stdio: "ignore" });
  const [ca, secret] = [readFileSync(certificate), readFileSync(key)];
  rmSync(folder, { recursive: true });
  await using(always(200, VALID, {}, { tls: { key: secret, cert: ca } }), async (portal) => {
    const client = (host, options) => new Client({ baseUrl: `https://${host}:${portal.port}`, token: "t", ...options });
    await fails(client("localhost"), "unreachable");
    await fails(client("127.0.0.1", { ca }), "unreachable");
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    try {
      await fails(client("localhost"), "unreachable");
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
    assert.deepEqual(portal.requests, []);
    const known = client("localhost", { ca });
    const before = portal.connections;
    await known.verify("sk_live_1");
    await known.verify("sk_live_1");
    assert.equal(portal.connections, before + 1);
    known.close();
  });
  await using(always(200, VALID, {}, { greet: "HTTP/1.1 200 OK\r\n\r\n" }), (portal) =>
    fails(new Client({ baseUrl: `https://127.0.0.1:${portal.port}`, token: "t" }), "unreachable"),
  );
});

test("connections are bounded, and calls wait", () => {
  const held = [];
  let isOpen = false;
  return asking(
    fakePortal((request, socket, portal) => {
      held.push(socket);
      isOpen ||= portal.requests.length === 256;
      if (isOpen) for (const waiting of held.splice(0)) answer(waiting, 200, VALID);
    }),
    async (client, portal) => {
      await Promise.all(Array.from({ length: 300 }, () => client.verify("sk_live_1")));
      assert.deepEqual([portal.connections, portal.requests.length], [256, 300]);
    },
    { timeoutMs: 20_000 },
  );
});
