// What a program in TypeScript sees of the package; only its types are checked.

import { createServer } from "node:http";
import { Client, RefusedError, verifyCapability, VerificationError, type Valid, WebhookVerifier } from "sallyport-client";
import { sallyport } from "sallyport-client/express";
import { withVerification } from "sallyport-client/fetch";
import { load } from "sallyport-client/runtime-configuration";

const client = new Client({ baseUrl: "https://keys.example.com", token: "sp_root_1", cacheMs: 500 });

export async function verify(key: string | undefined): Promise<readonly string[]> {
  try {
    const valid: Valid = await client.verify(key, { scopes: ["read"], mode: "live" });
    return valid.scopes;
  } catch (error) {
    if (error instanceof RefusedError) return [error.code, String(error.verification.status)];
    if (error instanceof VerificationError && error.code === "timed_out") return [];
    throw error;
  }
}

// @ts-expect-error: there is no such mode.
void client.verify("k", { mode: "both" });
// @ts-expect-error: a token is needed.
new Client({ baseUrl: "https://keys.example.com" });

const verified = sallyport({ client, signed: true });
createServer((request, response) => void verified(request, response, () => response.end()));

export default {
  fetch: withVerification(
    { client, ip: (_, env: { address: string }) => env.address },
    (request, verification, env) => new Response(verification.key_id + request.url + env.address),
  ),
};

const config = load({ app_version: "1" });
export const modules: string[] = verifyCapability(config.capability_token, { keys: [] }, { issuer: "i", app_id: "a" }).modules;
export const kind: string | null = new WebhookVerifier(["whsec_1"]).verify(new Uint8Array(), new Headers()).type;
