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
export function sallyport(options: MiddlewareOptions): (request: Request, response: ServerResponse, next: (error?: unknown) => void) => Promise<void>;
/**
 * What is used of a request: Express's own, or one of `node:http`.
 */
export type Request = IncomingMessage & {
    originalUrl?: string;
    ip?: string;
    rawBody?: Buffer;
    body?: any;
    _body?: boolean;
    verification?: Valid;
};
import type { MiddlewareOptions } from "./middleware.js";
import type { ServerResponse } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Valid } from "./answer.js";
