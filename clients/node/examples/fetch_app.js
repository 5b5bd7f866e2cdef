// Each request needs an API key that may read. A handler of the fetch API, as Bun, Deno and others serve it:
//
//     SALLYPORT_URL=https://keys.example.com SALLYPORT_TOKEN=sp_root_… bun fetch_app.js

import { Client } from "sallyport-client";
import { withVerification } from "sallyport-client/fetch";

const client = new Client({ baseUrl: process.env.SALLYPORT_URL, token: process.env.SALLYPORT_TOKEN });

export default {
  fetch: withVerification(
    { client, scopes: ["read"], signed: true },
    (request, verification) => new Response(`Hello, ${verification.label}.\n`),
  ),
};
