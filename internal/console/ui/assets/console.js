// What scripts add to pages that work without them. Nothing here decides
// anything: the server judges every request by itself.
import { rows } from './table.js';
import { forms } from './form.js';
import { keys } from './keys.js';
import { palette } from './palette.js';
import { live } from './live.js';
import { previews } from './preview.js';

// Moments are written in UTC; on hover they are told in the reader's own time.
const exact = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'full', timeStyle: 'medium' });
const times = (root) => {
  for (const el of root.querySelectorAll('time[datetime]')) {
    const at = new Date(el.dateTime);
    if (!Number.isNaN(at.getTime())) el.title = exact.format(at);
  }
};
times(document);

// Copying and showing are buttons anywhere, also in what is loaded later.
document.addEventListener('click', async (e) => {
  const copy = e.target.closest('[data-copy]');
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy);
    const label = copy.querySelector('span');
    const before = label ? label.textContent : copy.getAttribute('aria-label');
    const say = (text) => { if (label) label.textContent = text; else { copy.setAttribute('aria-label', text); copy.title = text; } };
    copy.classList.add('done');
    say(copy.dataset.done);
    setTimeout(() => { copy.classList.remove('done'); say(before); }, 1500);
  }
  const reveal = e.target.closest('[data-reveal]');
  if (reveal) {
    const input = document.getElementById(reveal.getAttribute('aria-controls'));
    const shown = input.type === 'text';
    input.type = shown ? 'password' : 'text';
    reveal.setAttribute('aria-pressed', String(!shown));
  }
  e.target.closest('[data-dismiss]')?.parentElement.remove();
});

// Menus close when something else is pressed.
document.addEventListener('click', (e) => {
  for (const d of document.querySelectorAll('.who[open], .menu[open]')) if (!d.contains(e.target)) d.open = false;
});

// The tab that is open is in sight, however many there are.
for (const tab of document.querySelectorAll('.tabs [aria-current]')) {
  const [at, strip] = [tab, tab.closest('ul')].map((el) => el.getBoundingClientRect());
  tab.closest('ul').scrollLeft += at.left < strip.left ? at.left - strip.left : Math.max(0, at.right - strip.right);
}

// What went wrong is read first.
document.querySelector('[data-focus]')?.focus();

rows(times);
forms();
palette();
keys();
live(times);
previews();
document.documentElement.dataset.ready = ''; // for whoever waits for the scripts
