import http from "node:http";
import https from "node:https";
import { setTimeout as pause } from "node:timers/promises";

import { VerificationError } from "./errors.js";

/** @typedef {{ status: number, retryAfter: number | undefined, body: Buffer }} Answer */

/** The portal closes connections that were idle for 15 seconds. */
const IDLE_MS = 10_000;
const LONGEST_ANSWER = 256 * 1024;
const PAUSE_BEFORE_RETRY_MS = 50;
/** More calls at once wait, which counts towards their time-out. */
const MOST_CONNECTIONS = 256;

/** What arrives on a connection that nothing was asked on is no answer to us. */
const silent = (/** @type {any} */ Agent) =>
  class extends Agent {
    /** @param {any} socket */
    keepSocketAlive(socket) {
      const isKept = super.keepSocketAlive(socket);
      if (isKept !== false) socket.on("data", destroy);
      return isKept;
    }

    /** @param {any} socket @param {any} request */
    reuseSocket(socket, request) {
      socket.off("data", destroy);
      super.reuseSocket(socket, request);
    }
  };

/** @this {import("node:net").Socket} */
function destroy() {
  this.destroy();
}

/** Closed before it answered: on a kept connection, where nobody can tell whether the request was read. */
class ClosedBeforeAnswer extends Error {}
/** No connection was made, so nothing was judged. */
class NotConnected extends Error {}

/** Sends requests over connections that are kept. Neither redirects nor proxies are followed: the token goes to this host only. */
export class Transport {
  #url;
  #headers;
  #timeoutMs;
  #agent;
  #ca;

  /**
   * @param {string} baseUrl
   * @param {Record<string, string>} headers
   * @param {number} timeoutMs
   * @param {number} maxIdle
   * @param {string | Buffer | undefined} ca
   */
  constructor(baseUrl, headers, timeoutMs, maxIdle, ca) {
    this.#url = baseUrl;
    this.#headers = headers;
    this.#timeoutMs = timeoutMs;
    this.#ca = ca;
    /** @type {any} */
    const Agent = silent(baseUrl.startsWith("https:") ? https.Agent : http.Agent);
    /** @type {http.Agent} */
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: MOST_CONNECTIONS,
      maxFreeSockets: maxIdle,
      timeout: IDLE_MS,
      scheduling: "lifo",
    });
  }

  /**
   * Tried again once if nothing can have been judged: no connection was made. With `mayRepeat` also if a kept connection was
   * closed before it answered.
   * @param {string} path
   * @param {string} body
   * @param {boolean} mayRepeat
   * @returns {Promise<Answer>}
   */
  async post(path, body, mayRepeat) {
    const deadline = performance.now() + this.#timeoutMs;
    try {
      return await this.#exchange(path, body, deadline, this.#agent);
    } catch (error) {
      const isRepeated = error instanceof NotConnected || (error instanceof ClosedBeforeAnswer && mayRepeat);
      if (!isRepeated) throw ended(error);
    }
    await pause(Math.max(0, Math.min(PAUSE_BEFORE_RETRY_MS, deadline - performance.now())));
    try {
      // Not on another kept connection.
      return await this.#exchange(path, body, deadline, false);
    } catch (error) {
      throw ended(error);
    }
  }

  close() {
    this.#agent.destroy();
  }

  /**
   * @param {string} path
   * @param {string} body
   * @param {number} deadline
   * @param {any} agent
   * @returns {Promise<Answer>}
   */
  #exchange(path, body, deadline, agent) {
    return new Promise((resolve, reject) => {
      let isConnected = false;
      const content = Buffer.from(body);
      const headers = { ...this.#headers, "content-length": content.length };
      // Explicitly, since NODE_TLS_REJECT_UNAUTHORIZED=0 is the default otherwise.
      const options = { method: "POST", headers, agent, ca: this.#ca, rejectUnauthorized: true };
      const url = this.#url + path;
      const request = (url.startsWith("https:") ? https : http).request(url, options);
      const timer = setTimeout(
        () => fail(new VerificationError("timed_out")),
        Math.max(0, deadline - performance.now()),
      );
      const fail = (/** @type {Error} */ error) => {
        clearTimeout(timer);
        reject(error);
        request.destroy();
      };
      request.on("socket", (socket) => {
        isConnected = !socket.connecting;
        socket.once("connect", () => (isConnected = true));
      });
      request.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
        const code = error.code ?? "";
        if (code.startsWith("HPE_")) fail(new VerificationError("unexpected_answer", "it is no HTTP"));
        else if (!isConnected) fail(new NotConnected(code));
        else if (/CERT|ISSUER|SIGNATURE|ALTNAME/.test(code)) {
          fail(new VerificationError("unreachable", `its certificate is not accepted (${code})`));
        } else if (request.reusedSocket) fail(new ClosedBeforeAnswer(code));
        else fail(new VerificationError("unreachable", code || "the connection was closed"));
      });
      request.on("response", (response) => {
        const status = response.statusCode ?? 0;
        /** @type {Buffer[]} */
        const parts = [];
        let length = 0;
        response.on("data", (/** @type {Buffer} */ part) => {
          parts.push(part);
          length += part.length;
          if (length > LONGEST_ANSWER) fail(new VerificationError("unexpected_answer", "it is too long", { status }));
        });
        response.on("error", () => fail(new VerificationError("unreachable", "the answer ended too early")));
        response.on("end", () => {
          if (!response.complete) return fail(new VerificationError("unreachable", "the answer ended too early"));
          clearTimeout(timer);
          resolve({ status, retryAfter: seconds(response.headers["retry-after"]), body: Buffer.concat(parts) });
        });
      });
      request.end(content);
    });
  }
}

/** @param {unknown} error */
function ended(error) {
  if (error instanceof NotConnected) return new VerificationError("unreachable", error.message);
  if (error instanceof ClosedBeforeAnswer) return new VerificationError("unreachable", "the connection was closed");
  return error;
}

/** @param {string | undefined} text */
function seconds(text) {
  return text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}
