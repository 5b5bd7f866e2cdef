// Each request needs an API key; what it may do is what its scopes say. After `npm install express sallyport-client`:
//
//     SALLYPORT_URL=https://keys.example.com SALLYPORT_TOKEN=sp_root_… PORT=8000 node express_app.js

import express from "express";
import { Client } from "sallyport-client";
import { sallyport } from "sallyport-client/express";

const client = new Client({ baseUrl: process.env.SALLYPORT_URL, token: process.env.SALLYPORT_TOKEN });
const app = express();

app.get("/healthz", (request, response) => response.json({ alive: true }));
app.use(sallyport({ client, signed: true }));
app.get("/hello", ({ verification }, response) =>
  response.json({ hello: verification.label, app_id: verification.app_id }),
);
app.post("/echo", (request, response) => response.json({ length: request.rawBody.length }));

app.listen(process.env.PORT ?? 8000, "127.0.0.1");
