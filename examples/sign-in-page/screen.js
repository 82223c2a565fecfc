// Screens: each is a <template> of index.html, and one is shown at a time. A
// screen is busy from the press of a button until the next screen, a refusal
// or a notice.

import { Refusal } from './experience.js';

const main = document.querySelector('main');

/**
 * Shows a screen. Elements with data-text get that word, links with data-href
 * lead there, and what has data-if stays only if that word is there. Buttons
 * with data-press, and the form, do what actions says; data-list makes a button
 * of each element of a list.
 */
export function show(name, words = {}, actions = {}, lists = {}) {
  const screen = document.getElementById(name).content.cloneNode(true);
  for (const e of screen.querySelectorAll('[data-if]')) if (!words[e.dataset.if]) e.remove();
  for (const e of screen.querySelectorAll('[data-text]')) e.textContent = words[e.dataset.text];
  for (const e of screen.querySelectorAll('[data-href]')) e.href = words[e.dataset.href];
  for (const e of screen.querySelectorAll('[data-list]')) {
    for (const { text, press } of lists[e.dataset.list] ?? []) {
      const button = Object.assign(document.createElement('button'), { type: 'button', className: 'second', textContent: text });
      button.onclick = () => run(press);
      e.append(button);
    }
  }
  for (const e of screen.querySelectorAll('[data-press]')) e.onclick = () => run(actions[e.dataset.press]);
  const form = screen.querySelector('form');
  form?.addEventListener('submit', (event) => {
    event.preventDefault();
    run(() => actions.submit(Object.fromEntries(new FormData(form))));
  });
  main.replaceChildren(screen);
  busy(false);
  const title = main.querySelector('h1');
  document.title = title.textContent;
  if (words.problem) say('problem', words.problem);
  else (main.querySelector('input') ?? title).focus();
}

/** Shows a screen that asks for one thing, until step has accepted it. */
export const ask = (name, words, step) =>
  new Promise((resolve) => {
    show(name, words, { submit: async (values) => { await step(values[name]); resolve(); return working; } });
  });

/** Goes to another page. The screen stays busy until that is there. */
export function go(address) {
  location.assign(address);
  return working;
}

const working = new Promise(() => {});

/** Runs what may be refused, and says so to whoever knows what to do. */
export async function attempt(step, refused) {
  try {
    return await step();
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    return refused(e);
  }
}

async function run(action) {
  if (main.ariaBusy === 'true') return; // one press is enough
  busy(true);
  const notice = await attempt(action, (refusal) => refuse(refusal.message));
  if (notice) say('notice', notice);
}

/** Says on the screen why something did not work. */
export function refuse(message) {
  say('problem', message);
  const field = main.querySelector('input');
  field?.setAttribute('aria-invalid', 'true');
  field?.setAttribute('aria-describedby', 'said');
  field?.focus();
}

function say(kind, message) {
  busy(false);
  main.querySelector('#said')?.remove();
  const said = Object.assign(document.createElement('p'), { id: 'said', className: kind, textContent: message });
  said.setAttribute('role', kind === 'problem' ? 'alert' : 'status');
  main.querySelector('h1').after(said);
}

function busy(yes) {
  main.ariaBusy = String(yes);
  for (const b of main.querySelectorAll('button')) b.ariaDisabled = String(yes);
}

// Coming back with the browser's button finds the page ready.
addEventListener('pageshow', (e) => { if (e.persisted) busy(false); });
