// What the tests of clients/ need on a portal: `clients-portal.mjs URL TOKEN` makes an app with keys, and prints them as JSON.

const [url, token] = process.argv.slice(2);

async function made(path, body, method = "POST") {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const { org_id } = await made("/v1/orgs", { name: "Clients", plan: "starter" });
const { tenant_id } = await made(`/v1/orgs/${org_id}/tenants`, { name: "Tests" });
const { project_id } = await made(`/v1/tenants/${tenant_id}/projects`, { name: "Tests" });
const { app_id } = await made(`/v1/projects/${project_id}/apps`, { name: "Tests" });

const terms = { environment: "production", scopes: ["read"], signing_secret: true };
const key = (label, more) => made(`/v1/apps/${app_id}/keys`, { label, ...terms, ...more });
const [reads, revoked, signed] = [await key("reads"), await key("revoked"), await key("signed")];
const writes = await key("writes", { scopes: ["write"] });
await made(`/v1/keys/${revoked.key_id}/revoke`, {});
await made(`/v1/keys/${signed.key_id}`, { require_signed: true }, "PATCH");
const { capability_token } = await made(`/v1/apps/${app_id}/capabilities`, {
  subject: "person-7",
  modules: ["focus"],
  channels: ["stream"],
});

console.log(
  JSON.stringify({
    url,
    token,
    org_id,
    app_id,
    key: reads.secret_key,
    key_id: reads.key_id,
    revoked_key: revoked.secret_key,
    signed_key: signed.secret_key,
    signing_secret: signed.signing_secret,
    writing_key: writes.secret_key,
    writing_signing_secret: writes.signing_secret,
    capability_token,
  }),
);
