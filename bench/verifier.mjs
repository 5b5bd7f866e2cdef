// Requests per second compared with a bare server, and with /healthz of the same binary.
import { auth_args, verify_args } from './ask.mjs';
import { twin } from './bare.mjs';
import { connections, goal, ms, number } from './settings.mjs';
import { beside, measure, p99, p99_beside, rate } from './wrk.mjs';

export async function verifier(portal, root) {
  const bare = await twin(portal, root);
  const healthz = { name: '`GET /healthz`', args: [`${portal.base}/healthz`] };
  const auth = { name: '`GET /v1/auth`, a valid key', args: auth_args(portal.base, portal.key) };
  const verify = { name: '`POST /v1/keys/verify`', args: verify_args(portal.base, portal.key, root) };
  const twins = {
    auth: { name: 'its bare twin', args: auth_args(bare, portal.key) },
    verify: { name: 'its bare twin', args: verify_args(bare, portal.key, root) },
  };
  await measure([healthz, auth, twins.auth, verify, twins.verify]);

  const row = (target, other) => {
    const ratio = other ? [beside(target, other).toFixed(2), p99_beside(target, other).toFixed(2)] : ['1', '1'];
    const of_healthz = target === healthz ? '1' : beside(target, healthz).toFixed(2);
    return `| ${[target.name, number(rate(target)), ms(p99(target)), ...ratio, of_healthz].join(' | ')} |`;
  };
  goal('verify, relative to its bare twin', beside(verify, twins.verify), { least: 0.85 });
  goal("verify's p99, relative to its bare twin's", p99_beside(verify, twins.verify), { most: 1.5 });
  goal('/v1/auth, relative to its bare twin', beside(auth, twins.auth), { least: 0.85 });
  goal('verify, relative to /healthz', beside(verify, healthz), { least: 0.55 });
  goal('/v1/auth, relative to /healthz', beside(auth, healthz), { least: 0.65 });
  return `## The verifier

At ${connections} connections. The bare twin (\`server/examples/bare.rs\`) parses the same request, hashes the key in the
same way, looks it up in a map, and writes the same answer with the same headers; it has no root tokens, no limits, no
request ids, no time-outs and no log.

| request | per second | p99 | rate / its twin’s | p99 / its twin’s | rate / healthz |
|---|---:|---:|---:|---:|---:|
${[row(healthz), row(auth, twins.auth), row(twins.auth), row(verify, twins.verify), row(twins.verify)].join('\n')}
`;
}
