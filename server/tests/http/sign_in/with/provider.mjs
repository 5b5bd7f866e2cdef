// A certified OpenID provider on loopback with which people sign in, and which can be told to lie: it signs other ID tokens then.
// Prints its address once it listens; ends with its input.
//
// GET /control?… sets what it does next: `account` signs in without asking, `claims` (JSON) are added to those of every account,
// `lie` is one of the names below.
import { createServer } from 'node:http';
import { generateKeyPairSync, sign } from 'node:crypto';
import Provider from 'oidc-provider';

// The provider's warnings go to the output, which nobody reads once the address was printed.
console.info = console.warn = () => {};

const redirects = process.argv.slice(2);
const rsa = kid => ({ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' });
const [published, next, hidden] = [rsa('published'), rsa('next'), rsa('hidden')];
const base64 = value => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

function jwt(head, claims, key) {
  const signed = `${base64(head)}.${base64(claims)}`;
  return key ? `${signed}.${sign('sha256', Buffer.from(signed), { key, format: 'jwk' }).toString('base64url')}` : `${signed}.`;
}

/** What becomes of the header, the claims and the key of an ID token. */
const lies = {
  nonce: (head, claims) => [head, { ...claims, nonce: 'another' }, published],
  no_nonce: (head, { nonce, ...claims }) => [head, claims, published],
  audience: (head, claims) => [head, { ...claims, aud: 'another-client' }, published],
  audiences: (head, claims) => [head, { ...claims, aud: [claims.aud, 'another-client'] }, published],
  party: (head, claims) => [head, { ...claims, azp: 'another-client' }, published],
  issuer: (head, claims) => [head, { ...claims, iss: 'https://another.example' }, published],
  expired: (head, claims) => [head, { ...claims, iat: now() - 300, exp: now() - 90 }, published],
  old: (head, claims) => [head, { ...claims, iat: now() - 3600 }, published],
  // Less than a minute: clocks may be apart.
  just_expired: (head, claims) => [head, { ...claims, exp: now() - 30 }, published],
  ahead: (head, claims) => [head, { ...claims, iat: now() + 30 }, published],
  kid: (head, claims) => [{ ...head, kid: 'unknown' }, claims, hidden],
  signature: (head, claims) => [head, claims, hidden],
  none: (head, claims) => [{ alg: 'none' }, claims, null],
  // When it asked the person.
  unasked: (head, { auth_time, ...claims }) => [head, claims, published],
  asked_before: (head, claims) => [head, { ...claims, auth_time: now() - 3600 }, published],
  rotated: (head, claims) => [{ ...head, kid: 'next' }, claims, next],
};

const control = { account: '', claims: {}, lie: '' };

/** Changes the body of a response that is JSON. */
function changed(response, change) {
  const end = response.end.bind(response);
  response.end = (body, ...rest) => {
    let text = body;
    try {
      text = JSON.stringify(change(JSON.parse(body.toString())));
      response.setHeader('content-length', Buffer.byteLength(text));
    } catch {
      // It is no JSON: left as it is.
    }
    return end(text, ...rest);
  };
}

function lying(answer) {
  if (!answer.id_token || !lies[control.lie]) return answer;
  const [head, claims] = answer.id_token.split('.').slice(0, 2).map(part => JSON.parse(Buffer.from(part, 'base64url')));
  return { ...answer, id_token: jwt(...lies[control.lie](head, claims)) };
}

/** The key to which it changed is published from then on. */
function withNext(jwks) {
  const { kty, n, e, kid, alg, use } = next;
  return control.lie === 'rotated' ? { keys: [...jwks.keys, { kty, n, e, kid, alg, use }] } : jwks;
}

const form = `<!doctype html><html lang="en"><title>Acme sign-in</title><h1>Acme</h1>
<form method="post"><label>Login <input name="login"></label><button>Sign in at Acme</button></form>`;

async function interact(provider, request, response) {
  let login = control.account;
  if (!login && request.method === 'POST') {
    const parts = [];
    for await (const part of request) parts.push(part);
    login = new URLSearchParams(Buffer.concat(parts).toString()).get('login') ?? '';
  }
  if (login === 'cancels') return provider.interactionFinished(request, response, { error: 'access_denied' });
  // Native clients have to be consented to each time.
  if (login) return provider.interactionFinished(request, response, { login: { accountId: login }, consent: {} });
  response.setHeader('content-type', 'text/html');
  response.end(form);
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'sallyport',
        client_secret: 'only-for-tests',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        // To a native one every port of loopback is the same.
        application_type: new URL(redirects[0]).port ? 'web' : 'native',
        redirect_uris: redirects,
        post_logout_redirect_uris: redirects.map(redirect => new URL('/sign-in', redirect).href),
      },
    ],
    jwks: { keys: [published] },
    scopes: ['openid', 'email', 'profile', 'groups'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => true },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: `The person ${id}`, ...control.claims }),
    }),
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid email profile groups');
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    const url = new URL(request.url, issuer);
    if (url.pathname === '/control') {
      const set = Object.fromEntries(url.searchParams);
      Object.assign(control, { account: '', lie: '' }, set, { claims: JSON.parse(set.claims ?? '{}') });
      return response.end('set');
    }
    if (url.pathname.startsWith('/interaction/')) {
      return interact(provider, request, response).catch(error => {
        response.statusCode = 500;
        response.end(String(error));
      });
    }
    if (url.pathname === '/token') changed(response, lying);
    if (url.pathname === '/jwks') changed(response, withNext);
    return answer(request, response);
  });
  console.log(issuer);
});
process.stdin.on('end', () => process.exit(0)).resume();
