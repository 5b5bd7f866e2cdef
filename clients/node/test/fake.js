// A portal that answers what a test says, also what none would.

import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";

export const vectors = (name) => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), "utf8"));

export const VALID = JSON.parse(vectors("verify.json").answers.find(({ name }) => name === "valid").body);

/** Each request is given to `serve(request, connection, portal)`; a request is `{ line, headers, body }`. */
export async function fakePortal(serve, { tls, greet } = {}) {
  const portal = { requests: [], connections: 0, sockets: new Set() };
  const onConnection = (socket) => {
    portal.connections += 1;
    portal.sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => portal.sockets.delete(socket));
    if (greet) socket.end(greet);
    let received = Buffer.alloc(0);
    let served = 0;
    socket.on("data", (part) => {
      received = Buffer.concat([received, part]);
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const [line, ...lines] = received.subarray(0, end).toString("latin1").split("\r\n");
      const headers = Object.fromEntries(lines.map((one) => one.split(": ")).map(([name, value]) => [name.toLowerCase(), value]));
      const length = Number(headers["content-length"] ?? 0);
      if (received.length < end + 4 + length) return;
      const request = { line, headers, body: received.subarray(end + 4, end + 4 + length).toString(), number: ++served };
      received = received.subarray(end + 4 + length);
      portal.requests.push(request);
      serve(request, socket, portal);
    });
  };
  const server = tls ? createTlsServer(tls, onConnection) : createServer(onConnection);
  if (tls) server.on("tlsClientError", () => {});
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  portal.port = server.address().port;
  portal.url = `http://127.0.0.1:${portal.port}`;
  portal.close = () => {
    server.close();
    for (const socket of portal.sockets) socket.destroy();
  };
  return portal;
}

export function answer(socket, status, body, headers = {}) {
  const content = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = status === 204 ? "" : `Content-Length: ${content.length}\r\n`;
  socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Said\r\n${length}${lines.join("")}\r\n`), content]));
}

export const always = (status, body, headers, options) =>
  fakePortal((request, socket) => answer(socket, status, body, headers), options);

/** Runs `act(portal)`, and closes the portal. */
export async function using(started, act) {
  const portal = await started;
  try {
    return await act(portal);
  } finally {
    portal.close();
  }
}
