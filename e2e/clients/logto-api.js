// Manages with @logto/api: users, one-time tokens, settings, and what is
// refused.

import { createManagementApi } from '@logto/api/management';

import { say } from './lines.js';

const { ENDPOINT, CLIENT_ID, CLIENT_SECRET } = process.env;

// A wrong scope is told as a warning only.
console.warn = (warning) => {
  throw new Error(warning);
};

const { apiClient } = createManagementApi('default', {
  baseUrl: ENDPOINT,
  apiIndicator: 'https://default.logto.app/api',
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
});

/** Tells one call: its status and its body, or what was refused. */
const tell = async (name, call) => {
  const { data, error, response } = await call;
  say({ name, status: response.status, body: data ?? error ?? null });
  return data;
};

const user = await tell('create user', apiClient.POST('/api/users', { body: { primaryEmail: 'mary@example.com', name: 'Mary' } }));
const path = { userId: user.id };
await tell('same address again', apiClient.POST('/api/users', { body: { primaryEmail: 'MARY@example.com' } }));
await tell('get user', apiClient.GET('/api/users/{userId}', { params: { path } }));
await tell('change user', apiClient.PATCH('/api/users/{userId}', { params: { path }, body: { name: 'Mary Somerville' } }));
await tell('list users', apiClient.GET('/api/users', { params: { query: { page: 1, page_size: 1, search: '%mary%' } } }));
await tell('issue token', apiClient.POST('/api/one-time-tokens', { body: { email: 'mary@example.com', expiresIn: 60 } }));
await tell('list tokens', apiClient.GET('/api/one-time-tokens', { params: { query: { email: 'mary@example.com' } } }));
await tell('close the door', apiClient.PATCH('/api/sign-in-exp', { body: { signInMode: 'SignIn' } }));
await tell('see the door', apiClient.GET('/api/.well-known/sign-in-exp', {}));
await tell('list applications', apiClient.GET('/api/applications', {}));
await tell('bad body', apiClient.POST('/api/one-time-tokens', { body: { email: 'nobody' } }));
await tell('delete user', apiClient.DELETE('/api/users/{userId}', { params: { path } }));
await tell('get nobody', apiClient.GET('/api/users/{userId}', { params: { path } }));
