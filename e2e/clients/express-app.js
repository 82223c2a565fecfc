// An application as the guide of @logto/express shows it, with a landing page
// for links. It knows nothing of Guestlist.

import { handleAuthRoutes, withLogto } from '@logto/express';
import cookieParser from 'cookie-parser';
import express from 'express';
import session from 'express-session';

import { say } from './lines.js';

const { HOST, PORT, ENDPOINT, APP_ID, APP_SECRET, RESOURCE } = process.env;
const config = {
  endpoint: ENDPOINT,
  appId: APP_ID,
  appSecret: APP_SECRET,
  baseUrl: `http://${HOST}:${PORT}`,
  scopes: ['email'],
  resources: [RESOURCE],
};

const app = express();
app.use(cookieParser());
app.use(session({ secret: 'of a test', resave: false, saveUninitialized: false }));
app.use(handleAuthRoutes(config));

// A link leads here. The token and the address go along with the sign-in.
app.get('/landing', (request, response, next) => {
  const { token, email } = request.query;
  const extraParams = { one_time_token: token, login_hint: email };
  request.url = '/logto/sign-in';
  handleAuthRoutes({ ...config, signInOptions: { extraParams } })(request, response, next);
});

const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

app.get('/', withLogto({ ...config, getAccessToken: true, resource: RESOURCE, fetchUserInfo: true }), (request, response) => {
  const { user } = request;
  response.send(
    user.isAuthenticated
      ? `<!doctype html><p>Hello ${escaped(user.userInfo.email)}.</p>
         <pre>${escaped(JSON.stringify(user))}</pre> <a href="/logto/sign-out">Sign out</a>`
      : '<!doctype html><p>Nobody is here.</p> <a href="/logto/sign-in">Sign in</a> <a href="/logto/sign-up">Sign up</a>'
  );
});

app.listen(Number(PORT), HOST, (error) => {
  if (error) {
    throw error;
  }
  say(config.baseUrl);
});
