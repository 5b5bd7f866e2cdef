// Signs a request as docs/signatures.md says. Node's own modules are all it takes.
//
//     SIGNING_SECRET=sgn_… node sign.mjs < body

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// The timestamp as it is sent, then the body as it is sent, with nothing between.
export function signature(secret, timestamp, body) {
  return createHmac("sha256", secret).update(timestamp).update(body).digest("hex");
}

// What goes with the request, beside the key. Sign each request anew, a retry too.
export function headers(secret, body) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  return {
    "X-Sallyport-Timestamp": timestamp,
    "X-Sallyport-Signature": signature(secret, timestamp, body),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [name, value] of Object.entries(headers(process.env.SIGNING_SECRET, readFileSync(0)))) {
    console.log(`${name}: ${value}`);
  }
}
