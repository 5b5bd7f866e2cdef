// A certified OpenID provider on loopback, of which a job gets its token: a JWT for one audience, by client credentials (RFC 9068).
// Prints its address once it listens; ends with its input.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const [audience, subject] = process.argv.slice(2);
const key = (type, options, more) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', ...more });
const jwks = {
  keys: [
    key('rsa', { modulusLength: 2048 }, { kid: 'rsa', alg: 'RS256' }),
    key('ec', { namedCurve: 'P-256' }, { kid: 'ec', alg: 'ES256' }),
    key('ed25519', {}, { kid: 'ed', alg: 'EdDSA' }),
  ],
};
const client = (alg) => ({
  client_id: `${subject}:${alg}`,
  client_secret: 'only-for-tests',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
});

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: ['RS256', 'ES256', 'EdDSA'].map(client),
    jwks,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: (_, __, { clientId }) => ({
          scope: '',
          audience,
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: clientId.split(':').at(-1) } },
        }),
      },
    },
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
process.stdin.on('end', () => process.exit(0)).resume();
