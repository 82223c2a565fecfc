// The experience API, one function for each call that this page makes. There
// is nothing to configure: page and API are on one origin, the browser's
// cookies say which sign-in is meant, and app_id which of several.

/** A refusal of the API: a code to act on, and a message in the guest's language. */
export class Refusal extends Error {
  constructor(status, { code = '', message = '', data = {} }) {
    super(message || 'That did not work. Please try again.');
    Object.assign(this, { status, code, data: data ?? {} });
  }
}

const here = new URLSearchParams(location.search);
if (here.has('app_id')) sessionStorage.setItem('app_id', here.get('app_id'));
export const appId = sessionStorage.getItem('app_id') ?? '';

/** Adds to an address of the server's own pages what tells them which sign-in is meant. */
export const hosted = (path) => path + (appId ? '?' + new URLSearchParams({ app_id: appId }) : '');

async function call(method, path, body) {
  const headers = { Accept: 'application/json' };
  if (appId) headers['Logto-App-Id'] = appId;
  if (body) headers['Content-Type'] = 'application/json';
  let res, answer;
  try {
    res = await fetch('/api' + path, { method, headers, cache: 'no-store', body: body && JSON.stringify(body) });
    const isJSON = res.headers.get('Content-Type')?.startsWith('application/json');
    answer = isJSON ? await res.json() : {};
  } catch {
    throw new Refusal(0, { message: 'We cannot be reached right now. Check your connection and try again.' });
  }
  if (!res.ok) throw new Refusal(res.status, answer);
  return answer;
}

/** How guests may come in: methods, providers, names and links. */
export const settings = () =>
  call('GET', '/.well-known/sign-in-exp' + (appId ? '?' + new URLSearchParams({ appId }) : ''));

/** What the server's own pages say, in the guest's language, as a tree. */
const phrases = () => call('GET', '/.well-known/phrases');

// The interaction: begin, say who it is, end. An event is SignIn or Register.
export const begin = (interactionEvent) => call('PUT', '/experience', { interactionEvent });
export const change = (interactionEvent) => call('PUT', '/experience/interaction-event', { interactionEvent });
export const identify = (verification) => call('POST', '/experience/identification', verification);
export const submit = () => call('POST', '/experience/submit');
export async function addToProfile(part) {
  try {
    return await call('POST', '/experience/profile', part);
  } catch (refusal) {
    if (refusal.code === 'password.rejected') refusal.message = await reasons(refusal.data);
    throw refusal;
  }
}

/** Says what is wrong with a password; the API gives codes, and numbers to fill in. */
async function reasons(issues) {
  const tree = await phrases();
  return issues.map(({ code, interpolation = {} }) => {
    const phrase = `errors.${code}`.split('.').reduce((branch, name) => branch?.[name], tree) ?? code;
    return phrase.replace(/{{(\w+)}}/g, (gap, name) => interpolation[name] ?? gap);
  }).join(' ');
}

// Verifications. Each answers {verificationId}.
const verification = (path, body) => call('POST', '/experience/verification/' + path, body);
export const password = (identifier, password) => verification('password', { identifier, password });
export const sendCode = (identifier, interactionEvent) => verification('verification-code', { identifier, interactionEvent });
export const checkCode = (identifier, verificationId, code) =>
  verification('verification-code/verify', { identifier, verificationId, code });
export const oneTimeToken = (email, token) =>
  verification('one-time-token/verify', { identifier: { type: 'email', value: email }, token });

// Identity providers. way is social, or sso for those of an employer.
const provider = (way, id, step) => `${way}/${encodeURIComponent(id)}/${step}`;
export const authorizationURI = (way, id, state, redirectUri) =>
  verification(provider(way, id, 'authorization-uri'), { state, redirectUri });
export const checkProvider = (way, id, verificationId, connectorData) =>
  verification(provider(way, id, 'verify'), { verificationId, connectorData });
export const employersOf = async (email) =>
  (await call('GET', '/experience/sso-connectors?' + new URLSearchParams({ email }))).connectorIds;
