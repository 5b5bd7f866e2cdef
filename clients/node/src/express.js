/** @import { IncomingMessage, ServerResponse } from "node:http" */
/** @import { Valid } from "./answer.js" */
/** @import { MiddlewareOptions } from "./middleware.js" */

import { answerTo, checkOptions, limitHeaders, LONGEST_BODY, required, sentKey, sentSignature, tooLong } from "./middleware.js";

/**
 * What is used of a request: Express's own, or one of `node:http`.
 * @typedef {IncomingMessage & {
 *   originalUrl?: string, ip?: string, rawBody?: Buffer, body?: any, _body?: boolean, verification?: Valid,
 * }} Request
 */

/**
 * Verifies the key of each request, for Express and whatever else takes `(request, response, next)`. A valid one is in
 * `request.verification`; others are refused as the portal's profile says, with 503 if the portal can't be asked. The client's address
 * is Express's `request.ip` (see its `trust proxy`).
 *
 * With `signed` the body is read: it is a Buffer in `request.body` and `request.rawBody`. Where a parser comes first, it has to keep
 * the bytes: `express.json({ verify: (request, _, bytes) => { request.rawBody = bytes; } })`.
 * @param {MiddlewareOptions} options
 * @returns {(request: Request, response: ServerResponse, next: (error?: unknown) => void) => Promise<void>}
 */
export function sallyport(options) {
  checkOptions("sallyport", options);
  return async function sallyport(request, response, next) {
    let verification;
    try {
      const header = (/** @type {string} */ name) => joined(request.headersDistinct?.[name] ?? request.headers[name]);
      const key = sentKey(header, options.headers);
      let signature;
      if (options.signed && key !== undefined) {
        const body = await rawBody(request, options.maxBody ?? LONGEST_BODY);
        if (body === undefined) return send(response, { ...tooLong(), close: true });
        signature = sentSignature(header, body, options);
      }
      const ip = request.ip ?? request.socket?.remoteAddress;
      const asked = { method: request.method ?? "", path: pathOf(request.originalUrl ?? request.url), ip, signature };
      verification = await options.client.verify(key, required(options, asked));
    } catch (error) {
      return send(response, answerTo(error, options));
    }
    request.verification = verification;
    for (const [name, value] of Object.entries(limitHeaders(verification.rate_limit))) response.setHeader(name, value);
    next();
  };
}

/** Two keys are no key; of two `Authorization` headers, `headers` has the first alone. @param {string | string[] | undefined} value */
function joined(value) {
  return Array.isArray(value) ? value.join(", ") : value;
}

/** As it was sent, without the query. @param {string | undefined} target */
function pathOf(target = "") {
  const path = target.startsWith("/") ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  return path.split("?")[0] || "/";
}

/**
 * Undefined if it is too long.
 * @param {Request} request
 * @param {number} longest
 * @returns {Promise<Buffer | undefined>}
 */
async function rawBody(request, longest) {
  if (request.rawBody !== undefined) return request.rawBody.length <= longest ? request.rawBody : undefined;
  if (request.readableEnded) throw new Error("The body was read before its signature could be verified: keep it in rawBody.");
  const body = await new Promise((resolve, reject) => {
    /** @type {Buffer[]} */
    const parts = [];
    let length = 0;
    // Then none of the events below comes any more.
    if (request.destroyed) return reject(new Error("The client left before its request was read."));
    request.on("data", (/** @type {Buffer} */ part) => {
      length += part.length;
      if (length <= longest) return parts.push(part);
      request.removeAllListeners("data").pause();
      resolve(undefined);
    });
    request.on("end", () => resolve(Buffer.concat(parts)));
    request.on("error", reject);
    request.on("close", () => reject(new Error("The client left before its request was read.")));
  });
  if (body !== undefined) {
    request.rawBody = request.body = body;
    // So that Express's parsers don't wait for it.
    request._body = true;
  }
  return body;
}

/**
 * @param {ServerResponse} response
 * @param {{ status: number, headers: Record<string, string>, body: string, close?: boolean }} answer
 */
function send(response, { status, headers, body, close }) {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, close ? { ...headers, connection: "close" } : headers);
  response.end(body);
}
