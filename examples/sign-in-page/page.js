// A sign-in page that speaks to nothing but the experience API. It decides
// what to show; whether anybody comes in is decided by the server alone.
//
// Three paths lead here: /sign-in (and /register), /one-time-token, and
// /callback/<provider>, where identity providers send the guest back to.

import * as api from './experience.js';
import { ask, attempt, go, refuse, show } from './screen.js';

let settings;
const isOpen = () => settings.signInMode !== 'SignIn'; // may anybody register?
const offers = (type) => settings.signIn.methods.find((m) => m.identifier === type);

// ---- The end of every way in ---------------------------------------------

const nobody = ['user.user_not_exist', 'user.identity_not_exist', 'user.sso_identity_not_exist'];

/** Says who the guest is by a verification, and ends the sign-in. */
async function comeIn(verificationId, { invited = false, proved = '' } = {}) {
  try {
    await api.identify({ verificationId });
  } catch (refusal) {
    if (!nobody.includes(refusal.code)) throw refusal;
    if (refusal.data.relatedUser) return offerLink(verificationId, refusal.data.relatedUser);
    if (invited) return register(verificationId);
    if (!isOpen()) throw refusal;
    return show('newcomer', { proved }, { go: () => register(verificationId), back: start });
  }
  return finish();
}

/** Makes an account for what was verified. */
async function register(verificationId) {
  await api.change('Register');
  await complete(() => api.identify({ verificationId }));
  return finish();
}

async function finish() {
  const { redirectTo } = await complete(api.submit);
  return go(redirectTo);
}

/** Takes a step, and asks for what the account lacks until it succeeds. */
async function complete(step) {
  for (;;) {
    try {
      return await step();
    } catch (refusal) {
      const [missing] = refusal.data.missingProfile ?? [];
      if (refusal.code !== 'user.missing_profile' || !missing) throw refusal;
      if (missing === 'password' || missing === 'username') {
        await ask(missing, {}, (value) => api.addToProfile({ type: missing, value }));
      } else if (missing === 'email') {
        await askForEmail();
      } else { // the server's own page can ask for everything
        await go(api.hosted('/continue/' + encodeURIComponent(missing)));
      }
    }
  }
}

async function askForEmail() {
  const verified = await new Promise((resolve) => {
    const typed = () => show('email', {}, {
      submit: async ({ email }) => askForCode({ type: 'email', value: email }, 'Register', resolve, typed),
    });
    typed();
  });
  await api.addToProfile({ type: 'email', verificationId: verified });
}

// ---- The first screen: an address or a name, or a provider ----------------

const anyOf = new Intl.ListFormat('en', { type: 'disjunction' });
const names = { email: 'e-mail address', phone: 'phone number', username: 'username' };

function start(problem = '') {
  const socials = settings.socialConnectors ?? [];
  show('start', {
    problem,
    label: anyOf.format(settings.signIn.methods.map((m) => names[m.identifier])).replace(/^./, (c) => c.toUpperCase()),
    invited: !isOpen(),
    methods: settings.signIn.methods.length > 0,
    both: settings.signIn.methods.length > 0 && socials.length > 0,
    terms: settings.termsOfUseUrl, privacy: settings.privacyPolicyUrl,
  }, {
    submit: async ({ identifier }) => {
      await api.begin('SignIn');
      return byIdentifier(identified(identifier));
    },
  }, {
    socials: socials.map((c) => ({
      text: 'Continue with ' + (c.name.en ?? c.target),
      press: async () => { await api.begin('SignIn'); return toProvider('social', c.id); },
    })),
  });
}

/** Tells what was typed: an e-mail address, a phone number or a username. */
function identified(typed) {
  const value = typed.trim();
  if (value.includes('@')) return { type: 'email', value };
  if (/^\+?[\d ()-]{6,}$/.test(value) && offers('phone')) return { type: 'phone', value: value.replace(/\D/g, '') };
  return { type: 'username', value };
}

async function byIdentifier(identifier) {
  if (identifier.type === 'email' && settings.singleSignOnEnabled) {
    const [employer] = await api.employersOf(identifier.value);
    if (employer) return toProvider('sso', employer);
  }
  const method = offers(identifier.type);
  if (!method) return refuse('That is not a way in here. Try another one.');
  if (!method.verificationCode || (method.password && method.isPasswordPrimary)) return byPassword(identifier, method);
  return byCode(identifier, method);
}

function byPassword(identifier, method) {
  show('sign-in-password', {
    who: identifier.value, code: method.verificationCode,
    forgot: settings.forgotPassword?.email || settings.forgotPassword?.phone ? api.hosted('/forgot-password') : '',
  }, {
    submit: async ({ password }) => comeIn((await api.password(identifier, password)).verificationId),
    code: () => byCode(identifier, method),
    back: () => start(),
  });
}

async function byCode(identifier, method) {
  return askForCode(identifier, 'SignIn', (id) => comeIn(id, { proved: identifier.value }), () => start(), {
    password: method.password ? () => byPassword(identifier, method) : null,
  });
}

/** Sends a code and asks for it. Then it calls next with the verification. */
async function askForCode(identifier, event, next, back, { password = null } = {}) {
  let { verificationId } = await api.sendCode(identifier, event);
  show('code', { who: identifier.value, password: password !== null }, {
    submit: async ({ code }) => next((await api.checkCode(identifier, verificationId, code.replace(/\D/g, ''))).verificationId),
    again: async () => {
      ({ verificationId } = await api.sendCode(identifier, event));
      return 'A new code is on its way. Only the newest one works.';
    },
    password,
    back,
  });
}

// ---- Identity providers ----------------------------------------------------

const redirectURI = (id) => `${location.origin}/callback/${encodeURIComponent(id)}`;

/** Leads to a provider, and remembers what its answer has to fit. */
async function toProvider(way, id) {
  const state = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
  const { authorizationUri, verificationId } = await api.authorizationURI(way, id, state, redirectURI(id));
  sessionStorage.setItem('attempt', JSON.stringify({ way, id, state, verificationId }));
  return go(authorizationUri);
}

/** Takes the answer that the browser brought back. */
async function fromProvider(id, answer) {
  const attempted = JSON.parse(sessionStorage.getItem('attempt') ?? 'null');
  sessionStorage.removeItem('attempt');
  if (attempted?.id !== id || attempted.state !== answer.state) {
    return start('That answer does not belong to a sign-in of this tab. Please try again.');
  }
  const { verificationId } = await api.checkProvider(attempted.way, id, attempted.verificationId, { ...answer, redirectUri: redirectURI(id) });
  return comeIn(verificationId);
}

/** Somebody with the same verified address is known: the accounts may become one. */
async function offerLink(verificationId, { value }) {
  const link = async () => {
    await api.identify({ verificationId, linkSocialIdentity: true });
    return finish();
  };
  if (settings.socialSignIn?.automaticAccountLinking) return link();
  return show('link', { who: value, open: isOpen() }, { go: link, create: () => register(verificationId), back: () => start() });
}

// ---- Links with a one-time token -------------------------------------------

/** Asks before the token is used: machines open links, people press buttons. */
function byLink(email, token) {
  if (!email || !token) return show('message', { text: 'This link is not complete. Open it once more from your mail.' });
  return show('link-confirm', { who: email }, {
    go: async () => {
      await api.begin('SignIn');
      const { verificationId } = await api.oneTimeToken(email, token);
      forget();
      return comeIn(verificationId, { invited: true });
    },
  });
}

// ---- What brought the guest here -------------------------------------------

/** Takes secrets out of the address, and so out of the history. */
const forget = () => history.replaceState(null, '', '/sign-in');

async function arrive() {
  const query = Object.fromEntries(new URLSearchParams(location.search));
  const [, first, id] = location.pathname.split('/');
  if (first === 'callback') forget(); // the answer is good for once
  settings = await api.settings();
  // What this small page cannot do, the server's own page can.
  if (settings.captchaConfig) return go(api.hosted('/identifier-sign-in'));
  if (first === 'callback') return fromProvider(decodeURIComponent(id ?? ''), query);
  if (query.one_time_token) return byLink(query.login_hint, query.one_time_token);
  start();
  const typed = document.querySelector('[name=identifier]');
  if (typed && query.login_hint) typed.value = query.login_hint;
}

attempt(arrive, (refusal) => {
  if (settings && refusal.code !== 'session.not_found') return start(refusal.message);
  return show('message', { text: refusal.message });
});
