// Signs in and out with @logto/node. The test is the browser.

import LogtoClient from '@logto/node';

import { hear, say } from './lines.js';

const { ENDPOINT, APP_ID, APP_SECRET, RESOURCE, REDIRECT_URI, POST_LOGOUT_URI } = process.env;

const items = new Map();
const storage = {
  getItem: async (key) => items.get(key) ?? null,
  setItem: async (key, value) => void items.set(key, value),
  removeItem: async (key) => void items.delete(key),
};
const client = new LogtoClient(
  { endpoint: ENDPOINT, appId: APP_ID, appSecret: APP_SECRET || undefined, scopes: ['email'], resources: [RESOURCE] },
  { storage, navigate: (url) => say(url) }
);

await client.signIn({ redirectUri: REDIRECT_URI });
await client.handleSignInCallback(await hear());

const refreshToken = await client.getRefreshToken();
await client.getAccessToken(RESOURCE);
say({
  isAuthenticated: await client.isAuthenticated(),
  claims: await client.getIdTokenClaims(),
  accessTokenClaims: await client.getAccessTokenClaims(RESOURCE),
  userInfo: await client.fetchUserInfo(),
  rotated: (await client.getRefreshToken()) !== refreshToken,
});

await client.clearAccessToken(); // so that the next one needs the refresh token again
say({ again: typeof (await client.getAccessToken()) });

await client.signOut(POST_LOGOUT_URI);
