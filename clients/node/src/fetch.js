/** @import { Valid } from "./answer.js" */
/** @import { MiddlewareOptions } from "./middleware.js" */

import { answerTo, checkOptions, limitHeaders, LONGEST_BODY, required, sentKey, sentSignature, tooLong } from "./middleware.js";

/**
 * @template {any[]} Rest
 * @typedef {(request: Request, verification: Valid, ...rest: Rest) => Response | Promise<Response>} Handler
 */

/**
 * Verifies the key of each request before a handler of the fetch API (Hono, Next.js, Bun, Deno) gets it, with the result as second
 * argument. Others are refused as the portal's profile says, with 503 if the portal can't be asked.
 *
 * A `Request` does not know the client's address: `ip` says where it is. Without it, keys that are restricted to addresses are refused.
 * @template {any[]} Rest
 * @param {MiddlewareOptions & { ip?: (request: Request, ...rest: Rest) => string | undefined }} options
 * @param {Handler<Rest>} handler
 * @returns {(request: Request, ...rest: Rest) => Promise<Response>}
 */
export function withVerification(options, handler) {
  checkOptions("withVerification", options, ["ip"]);
  return async function verified(request, ...rest) {
    let verification, passed;
    try {
      const header = (/** @type {string} */ name) => request.headers.get(name) ?? undefined;
      const key = sentKey(header, options.headers);
      let signature;
      passed = request;
      if (options.signed && key !== undefined) {
        const body = await bodyOf(request, options.maxBody ?? LONGEST_BODY);
        if (body === undefined) return response(tooLong());
        signature = sentSignature(header, body, options);
        if (request.body !== null) passed = new Request(request, { body });
      }
      const asked = { method: request.method, path: new URL(request.url).pathname, ip: options.ip?.(request, ...rest), signature };
      verification = await options.client.verify(key, required(options, asked));
    } catch (error) {
      return response(answerTo(error, options));
    }
    const answered = await handler(passed, verification, ...rest);
    // An upgrade, or an error of the network, can't be copied.
    if (verification.rate_limit === null || answered.status < 200) return answered;
    // Headers of an answer can be immutable.
    const copy = new Response(answered.body, answered);
    for (const [name, value] of Object.entries(limitHeaders(verification.rate_limit))) copy.headers.set(name, value);
    return copy;
  };
}

/**
 * Undefined if it is too long.
 * @param {Request} request
 * @param {number} longest
 * @returns {Promise<Uint8Array<ArrayBuffer> | undefined>}
 */
async function bodyOf(request, longest) {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let length = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > longest) {
      void reader.cancel();
      return undefined;
    }
    parts.push(value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** @param {{ status: number, headers: Record<string, string>, body: string }} answer */
function response({ status, headers, body }) {
  return new Response(body, { status, headers });
}
