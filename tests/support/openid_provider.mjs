// A certified OpenID provider on loopback. `node openid_provider.mjs <port> <address of the app>`.
//
// PUT /users/<subject> makes somebody known, with claims as JSON. Whoever signs in names a subject, and needs no
// password.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider, { interactionPolicy } from 'oidc-provider';

const [port, app, clientSecret] = process.argv.slice(2);
const people = new Map();

const policy = interactionPolicy.base();
// The app lets people choose their account at every sign-in.
policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id: 'catalog',
    client_secret: clientSecret,
    redirect_uris: [`${app}/oauth2callback`],
    post_logout_redirect_uris: [`${app}/oauth2callback`],
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomUUID() }] },
  cookies: { keys: [randomUUID()] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: false, // the ID token says who somebody is, as it does with Google, Entra and Keycloak
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: true, logoutSource: askWhetherToSignOut },
  },
  interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, sub) => people.has(sub) && { accountId: sub, claims: () => ({ sub, ...people.get(sub) }) },
  loadExistingGrant: consented,
});

async function consented(ctx) {
  const { client, session } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid email profile');
  await grant.save();
  return grant;
}

function askWhetherToSignOut(ctx, form) {
  ctx.body = `${form}<button form="op.logoutForm" name="logout" value="yes">End session</button>`;
}

async function text(request) {
  let read = '';
  for await (const part of request) read += part;
  return read;
}

async function interact(request, response) {
  const { prompt } = await provider.interactionDetails(request, response);
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(`<h1>${prompt.name}</h1><form method="post"><input name="sub" placeholder="sub">
      <button name="answer" value="yes">Authorize</button><button name="answer" value="no">Deny</button></form>`);
    return;
  }
  const given = new URLSearchParams(await text(request));
  const result = given.get('answer') === 'yes'
    ? { login: { accountId: given.get('sub') }, select_account: {} }
    : { error: 'access_denied' };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const serve = provider.callback();
createServer(async (request, response) => {
  try {
    const [, place, subject] = request.url.split('/');
    if (request.method === 'PUT' && place === 'users') {
      people.set(decodeURIComponent(subject), JSON.parse(await text(request)));
      response.writeHead(204).end();
    } else if (place === 'interaction') {
      await interact(request, response);
    } else {
      serve(request, response);
    }
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(Number(port), 'localhost');
