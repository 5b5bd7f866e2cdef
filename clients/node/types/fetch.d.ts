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
export function withVerification<Rest extends any[]>(options: MiddlewareOptions & {
    ip?: (request: Request, ...rest: Rest) => string | undefined;
}, handler: Handler<Rest>): (request: Request, ...rest: Rest) => Promise<Response>;
export type Handler<Rest extends any[]> = (request: Request, verification: Valid, ...rest: Rest) => Response | Promise<Response>;
import type { MiddlewareOptions } from "./middleware.js";
import type { Valid } from "./answer.js";
