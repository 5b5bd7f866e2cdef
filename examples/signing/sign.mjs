// Signs a request as specified in docs/signatures.md, with Node's own modules only.
//
//     SIGNING_SECRET=sgn_… node sign.mjs < body

import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// The timestamp as it is sent, then the body as it is sent, with nothing between.
export function signature(secret, timestamp, body) {
  return createHmac("sha256", secret).update(timestamp).update(body).digest("hex");
}

// The headers of the request, in addition to the key. Sign each request separately, including retries.
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
