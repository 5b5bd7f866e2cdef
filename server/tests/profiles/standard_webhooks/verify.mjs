// Says of each request on standard input whether Standard Webhooks for Node.js accepts it.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

import { Webhook, WebhookVerificationError } from 'standardwebhooks';

function accepts({ secret, headers, body }) {
  try {
    return isDeepStrictEqual(new Webhook(secret).verify(body, headers), JSON.parse(body));
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(accepts)));
