// Signs in and out with openid-client, which holds a server to the standards:
// every answer is checked, ID tokens by their signature too.

import * as oidc from 'openid-client';

import { hear, say } from './lines.js';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, RESOURCE, REDIRECT_URI, POST_LOGOUT_URI } = process.env;

const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, undefined, oidc.ClientSecretBasic(CLIENT_SECRET), {
  execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
});

// The request is pushed first (RFC 9126), so the browser carries none of it.
const verifier = oidc.randomPKCECodeVerifier();
const state = oidc.randomState();
const nonce = oidc.randomNonce();
const url = await oidc.buildAuthorizationUrlWithPAR(config, {
  redirect_uri: REDIRECT_URI,
  scope: 'openid offline_access profile email',
  resource: RESOURCE,
  prompt: 'consent',
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
});
say(url.href);

const callback = new URL(await hear());
const tokens = await oidc.authorizationCodeGrant(config, callback, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
});
const { sub } = tokens.claims();
const userInfo = await oidc.fetchUserInfo(config, tokens.access_token, sub);
const active = await oidc.tokenIntrospection(config, tokens.access_token);
const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token, { resource: RESOURCE });

const refused = async (attempt) => {
  try {
    await attempt();
    return 'nothing was refused';
  } catch (error) {
    return error.error ?? String(error);
  }
};
const replayed = await refused(() =>
  oidc.authorizationCodeGrant(config, callback, { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce })
);
await oidc.tokenRevocation(config, refreshed.refresh_token);
say({
  claims: tokens.claims(),
  userInfo,
  introspection: active,
  resourceTokenLife: refreshed.expiresIn(),
  replayed,
  revoked: await refused(() => oidc.refreshTokenGrant(config, refreshed.refresh_token)),
});

say(oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: POST_LOGOUT_URI }).href);
