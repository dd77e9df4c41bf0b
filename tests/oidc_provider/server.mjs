/**
 * A real OpenID Connect provider on loopback, told what to do by the tests at /_test (see pandaas.testing.oidc).
 *
 * `configure` makes it anew with these clients and keeps its memory; `rotate` gives it new keys; `people` sets the claims of
 * accounts (`shut_out` ends one). Its own pages ask for a login and for consent.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import http from 'node:http';

import * as oidc from 'oidc-provider';

const { Provider } = oidc;
const issuer = `http://localhost:${process.argv[2]}`;
const people = new Map();
let clients = [];
let keys = [freshKey()];
let provider;

function freshKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

function make() {
  provider = new Provider(issuer, {
    clients,
    jwks: { keys },
    cookies: { keys: ['only for tests'] },
    claims: {
      openid: ['sub'],
      profile: ['name', 'given_name', 'family_name', 'preferred_username', 'affiliation', 'orcid', 'eaahash'],
      email: ['email'],
      eduperson_entitlement: ['eduperson_entitlement'],
    },
    scopes: ['openid', 'offline_access'],
    features: {
      devInteractions: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      revocation: { enabled: true },
    },
    // Its own fetch reaches no loopback address, where the platforms of tests are.
    fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
    pkce: { required: () => true },
    ttl: { AccessToken: 600, IdToken: 600, Session: 3600, Grant: 3600, RefreshToken: 3600, Interaction: 600 },
    rotateRefreshToken: true,
    async findAccount(_context, id) {
      if (people.get(id)?.shut_out) return undefined;
      return { accountId: id, claims: () => ({ name: id, ...people.get(id), sub: id }) };
    },
  });
  provider.on('backchannel.error', (_context, error) => console.error(error));
  provider.on('server_error', (_context, error) => console.error(error));
}

const commands = {
  configure(told) {
    ({ clients } = told);
    make();
  },
  rotate() {
    keys = [freshKey()];
    make();
  },
  people(told) {
    for (const [id, claims] of Object.entries(told)) people.set(id, claims);
  },
};

const server = http.createServer((request, answer) => {
  const command = /^\/_test\/(\w+)$/.exec(request.url ?? '')?.[1];
  if (command === undefined) {
    if (provider === undefined) return answer.writeHead(503).end();
    return provider.callback()(request, answer);
  }
  let text = '';
  request.on('data', (piece) => (text += piece));
  request.on('end', () => {
    commands[command](JSON.parse(text || '{}'));
    answer.writeHead(204).end();
  });
  return undefined;
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
