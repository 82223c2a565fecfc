// Forms: one press is enough, nothing typed is lost by accident, lists grow.

export function forms() {
  for (const form of document.querySelectorAll('form[data-guard]')) { guard(form); whens(form); }

  document.addEventListener('submit', (e) => {
    if (e.defaultPrevented || e.target.method !== 'post' || 'stays' in e.target.dataset || e.submitter?.hasAttribute('formtarget') || e.submitter?.hasAttribute('data-stays')) return;
    if (e.target.dataset.sent) { e.preventDefault(); return; }
    e.target.dataset.sent = '1';
    e.target.setAttribute('aria-busy', 'true');
  });
  addEventListener('pageshow', (e) => {
    if (!e.persisted) return;
    for (const form of document.querySelectorAll('form[data-sent]')) {
      delete form.dataset.sent;
      form.removeAttribute('aria-busy');
    }
  });

  // What a list over a form shows is chosen without a button.
  document.addEventListener('change', (e) => {
    if (e.target.matches('[data-send]')) e.target.form.requestSubmit();
  });

  document.addEventListener('click', (e) => {
    const add = e.target.closest('[data-add]');
    if (add) {
      const lines = add.parentElement.querySelector('[data-lines]');
      const line = lines.lastElementChild.cloneNode(true);
      for (const input of line.querySelectorAll('input')) { input.value = ''; input.removeAttribute('id'); input.removeAttribute('aria-invalid'); }
      line.querySelector('.error')?.remove();
      line.classList.remove('wrong');
      lines.append(line);
      line.querySelector('input').focus();
    }
    const remove = e.target.closest('[data-remove]');
    if (remove) {
      const line = remove.closest('.line');
      const form = line.closest('form');
      if (line.parentElement.children.length > 1) line.remove();
      else for (const input of line.querySelectorAll('input')) input.value = '';
      form?.dispatchEvent(new Event('input', { bubbles: true }));
    }
  });

  // What has an order is moved; the numbers are for those without scripts.
  document.addEventListener('click', (e) => {
    const button = e.target.closest('[data-move]');
    if (!button) return;
    const line = button.closest('li');
    if (button.dataset.move === '1') line.nextElementSibling?.after(line);
    else line.previousElementSibling?.before(line);
    [...line.parentElement.children].forEach((li, i) => { li.querySelector('.place').value = i + 1; });
    button.focus();
    line.dispatchEvent(new Event('input', { bubbles: true }));
  });

  // What is typed into some lists is judged by the server at once.
  document.addEventListener('input', (e) => {
    const list = e.target.closest('[data-check]');
    if (!list) return;
    clearTimeout(waits.get(e.target));
    waits.set(e.target, setTimeout(() => judge(list, e.target), 350));
  });

  // A colour is picked or written; both say the same.
  document.addEventListener('input', (e) => {
    if (e.target.matches('[data-pick]')) {
      const text = document.getElementById(e.target.dataset.pick);
      text.value = e.target.value;
      text.dispatchEvent(new Event('input', { bubbles: true }));
    } else if (e.target.matches('[data-color]') && /^#[0-9a-f]{6}$/i.test(e.target.value)) {
      const box = e.target.closest('.colored');
      box.querySelector('rect').setAttribute('fill', e.target.value);
      box.querySelector('[data-pick]').value = e.target.value;
      contrast(box.parentElement.querySelector('[data-contrast]'), e.target.value);
    }
  });
}

// The contrast of WCAG 2.2, with the ground on which a colour does worst.
const light = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
  .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);

function contrast(note, color) {
  if (!note) return;
  const ratio = Math.min(...note.dataset.contrast.split(' ').map((ground) => {
    const [a, b] = [light(color), light(ground)];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
  const enough = ratio >= Number(note.dataset.least);
  note.querySelector('.good').hidden = !enough;
  note.querySelector('.warn').hidden = enough;
  note.querySelector('[data-ratio]').textContent = ratio.toFixed(1);
}

// whens shows a field only while another has the value under which it matters.
function whens(form) {
  const list = form.querySelectorAll('[data-when]');
  if (!list.length) return;
  const value = (name) => {
    const on = form.elements[name];
    return on?.type === 'checkbox' ? (on.checked ? on.value : '') : on?.value;
  };
  const look = () => { for (const el of list) el.toggleAttribute('data-off', value(el.dataset.when) !== el.dataset.value); };
  form.addEventListener('input', look);
  addEventListener('pageshow', look);
  look();
}

const waits = new WeakMap();

// judge asks about one line of a list, and says beside it what is wrong.
async function judge(list, input) {
  const value = input.value.trim();
  let problem = '';
  if (value) {
    try {
      const res = await fetch(list.dataset.check + '?' + new URLSearchParams({ value }), { headers: { Accept: 'application/json' } });
      if (!res.ok) return;
      problem = (await res.json()).problem;
    } catch {
      return; // it is judged again when the form is sent
    }
  }
  if (input.value.trim() !== value) return;
  const line = input.closest('.line');
  line.querySelector('.error')?.remove();
  line.classList.toggle('wrong', problem !== '');
  if (!problem) { input.removeAttribute('aria-invalid'); return; }
  const text = list.parentElement.querySelector('template').content.firstElementChild.cloneNode(true);
  text.querySelector('span').textContent = problem;
  input.setAttribute('aria-invalid', 'true');
  line.prepend(text);
}

// guard tells of what is not saved yet, and asks before it is left.
function guard(form) {
  const state = () => new URLSearchParams([...new FormData(form)].filter(([k]) => !k.startsWith('preview.')).map(([k, v]) => [k, v.name ?? v])).toString();
  const first = state();
  const note = form.querySelector('[data-unsaved]');
  const dirty = () => state() !== first;
  form.addEventListener('input', () => { if (note) note.hidden = !dirty(); });
  addEventListener('beforeunload', (e) => {
    if (!form.dataset.sent && dirty()) e.preventDefault();
  });
}
