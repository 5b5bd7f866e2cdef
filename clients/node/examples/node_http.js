// Each request needs an API key that may read. Without a framework:
//
//     SALLYPORT_URL=https://keys.example.com SALLYPORT_TOKEN=sp_root_… PORT=8000 node node_http.js

import { createServer } from "node:http";
import { Client } from "sallyport-client";
import { sallyport } from "sallyport-client/express";

const client = new Client({ baseUrl: process.env.SALLYPORT_URL, token: process.env.SALLYPORT_TOKEN });
// Of one app, if it is set; otherwise of every organization that the token covers.
const app = process.env.SALLYPORT_APP_ID;
const onError = (error) => console.error(error.message);
const verified = sallyport({ client, scopes: ["read"], signed: true, onError, ...(app && { app_id: app }) });

export const server = createServer((request, response) =>
  verified(request, response, () => response.end(`Hello, ${request.verification.label}.\n`)),
);
server.listen(process.env.PORT ?? 8000, "127.0.0.1");
