// Drives the published Node SDK, unmodified, against the server at FRONTEGG_API_GATEWAY_URL: environment
// authentication, writes through its HTTP client, and its Express middleware accepting and refusing tokens.
// Every check is named; the process ends with 1 when one of them fails.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const express = require('express');
const jwt = require('jsonwebtoken');
const frontegg = require('@frontegg/client');

const { FronteggContext, FronteggAuthenticator, HttpClient, IdentityClient, withAuthentication } = frontegg;
const base = process.env.FRONTEGG_API_GATEWAY_URL.replace(/\/$/, '');
const clientId = process.env.FRONTEGG_CLIENT_ID;
const apiKey = process.env.FRONTEGG_API_KEY;
const unique = process.env.JOURNEY_RUN ?? String(process.pid);

const tenantId = `node-tenant-${unique}`;
const email = `ann.node.${unique}@example.com`;
const password = 'Correct-horse-9-battery';

let failed = 0;
async function check(sentence, body) {
  try {
    await body();
    console.log(`ok - ${sentence}`);
  } catch (error) {
    failed += 1;
    const answer = error.response ? ` [${error.response.status} ${JSON.stringify(error.response.data)}]` : '';
    console.log(`not ok - ${sentence}: ${error.stack}${answer}`);
  }
}

async function login(secret = password) {
  return fetch(`${base}/identity/resources/auth/v1/user`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: secret, recaptchaToken: '', invitationToken: '' }),
  });
}

/** An application of a customer: two routes behind the SDK's middleware. */
async function application() {
  const app = express();
  app.get('/open', withAuthentication(), (request, response) => response.json(request.frontegg.user));
  app.get('/admins', withAuthentication({ roles: ['journey-admin'] }), (_, response) => response.send('in'));
  app.get('/auditors', withAuthentication({ roles: ['journey-auditor'] }), (_, response) => response.send('in'));
  app.get('/readers', withAuthentication({ permissions: ['journey.orders.read'] }), (_, response) => response.send('in'));
  app.get('/writers', withAuthentication({ permissions: ['journey.orders.write'] }), (_, response) => response.send('in'));
  // The middleware answers and then passes its error on; the default handler would only print it.
  app.use((error, request, response, next) => (response.headersSent ? undefined : next(error)));
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve({ server, url: `http://127.0.0.1:${server.address().port}` }));
  });
}

async function status(url, token, header = 'authorization') {
  const value = header === 'authorization' ? `Bearer ${token}` : token;
  const response = await fetch(url, { headers: token ? { [header]: value } : {} });
  await response.text();
  return response.status;
}

FronteggContext.init({ FRONTEGG_CLIENT_ID: clientId, FRONTEGG_API_KEY: apiKey });
const authenticator = new FronteggAuthenticator();
const http = new HttpClient(authenticator, { baseURL: base });

await check('the authenticator gets an environment token', async () => {
  await authenticator.init(clientId, apiKey);
  const claims = jwt.decode(authenticator.accessToken);
  assert.equal(claims.type, 'vendor');
  assert.equal(claims.exp - claims.iat, 86400);
});

await check('a wrong secret is refused', async () => {
  process.env.FRONTEGG_AUTHENTICATOR_NUMBER_OF_TRIES = '1';
  const wrong = new FronteggAuthenticator();
  await assert.rejects(wrong.init(clientId, '00000000-0000-4000-8000-00000000dead'), /Failed to authenticate/);
  await wrong.shutdown();
});

let roles = [];
await check('a tenant, permissions and roles are created through its HTTP client', async () => {
  const tenant = await http.post('/tenants/resources/tenants/v1', { tenantId, name: 'Node & Söhne "GmbH" 🦀' });
  assert.equal(tenant.status, 201);
  assert.equal(tenant.data.name, 'Node & Söhne "GmbH" 🦀');
  const category = await http.post('/identity/resources/permissions/v1/categories', { name: `Journey ${unique}`, description: 'Made by a journey' });
  assert.equal(category.status, 201);
  const permissions = await http.post('/identity/resources/permissions/v1', [
    { key: 'journey.orders.read', name: 'Read orders', categoryId: category.data.id },
    { key: 'journey.orders.write', name: 'Write orders', categoryId: category.data.id },
  ]);
  assert.equal(permissions.status, 201);
  const made = await http.post('/identity/resources/roles/v1', [
    { key: 'journey-admin', name: 'Journey admin', level: 0 },
    { key: 'journey-auditor', name: 'Journey auditor', level: 1 },
  ]);
  assert.equal(made.status, 201);
  roles = made.data;
  const given = await http.put(`/identity/resources/roles/v1/${roles[0].id}/permissions`, { permissionIds: [permissions.data[0].id] });
  assert.equal(given.status, 200);
  assert.deepEqual(given.data.permissions, [permissions.data[0].id]);
});

let userId = '';
await check('a user is created through its HTTP client', async () => {
  const made = await http.post('/identity/resources/vendor-only/users/v1', { email, name: 'Ann Node', password, tenantId, roleIds: [roles[0].id] });
  assert.equal(made.status, 201);
  assert.equal(made.data.email, email);
  userId = made.data.id;
  const read = await http.get(`/identity/resources/vendor-only/users/v1/${userId}`);
  assert.equal(read.data.email, email);
});

let token = '';
await check('the user logs in and a wrong password does not', async () => {
  const good = await login();
  const body = await good.json();
  assert.equal(good.status, 200, JSON.stringify(body));
  token = body.accessToken;
  const bad = await login('Wrong-horse-9-battery');
  assert.equal(bad.status, 401);
  assert.deepEqual((await bad.json()).errors, ['Incorrect email or password']);
});

await check('the identity client verifies the token with the published key', async () => {
  const user = await IdentityClient.getInstance().validateIdentityOnToken(token);
  assert.equal(user.sub, userId);
  assert.equal(user.tenantId, tenantId);
  assert.deepEqual(user.roles, ['journey-admin']);
  assert.deepEqual(user.permissions, ['journey.orders.read']);
  assert.equal(user.aud, clientId);
});

const { server, url } = await application();
await check('the middleware lets the token in and names the user', async () => {
  const response = await fetch(`${url}/open`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(response.status, 200);
  const user = await response.json();
  assert.equal(user.id, userId);
  assert.equal(user.email, email);
  assert.equal(user.type, 'userToken');
});
await check('the middleware refuses a request without a token', async () => {
  assert.equal(await status(`${url}/open`), 401);
});
await check('the middleware lets the right role and permission in and keeps the wrong ones out', async () => {
  assert.equal(await status(`${url}/admins`, token), 200);
  assert.equal(await status(`${url}/auditors`, token), 403);
  assert.equal(await status(`${url}/readers`, token), 200);
  assert.equal(await status(`${url}/writers`, token), 403);
});
await check('the middleware refuses a tampered token', async () => {
  const [head, payload, signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  claims.roles = ['journey-auditor'];
  const forged = [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  assert.equal(await status(`${url}/auditors`, forged), 401);
});
await check('the middleware refuses a token signed by somebody else and an unsigned one', async () => {
  const claims = jwt.decode(token);
  assert.equal(await status(`${url}/open`, jwt.sign(claims, 'a secret of their own')), 401);
  assert.equal(await status(`${url}/open`, jwt.sign(claims, null, { algorithm: 'none' })), 401);
});
await check('the middleware refuses a token of the wrong type', async () => {
  // A user's token where a long-lived access token is expected, and an environment token where a user's is expected.
  assert.notEqual(await status(`${url}/open`, token, 'x-api-key'), 200);
  assert.notEqual(await status(`${url}/open`, authenticator.accessToken), 200);
});

server.close();
await authenticator.shutdown();
console.log(failed === 0 ? 'all checks passed' : `${failed} checks failed`);
process.exit(failed === 0 ? 0 : 1);
