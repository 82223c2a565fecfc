// What scripts add to pages that work without them. Nothing here decides
// anything: the server judges every step by itself.

const $$ = (s) => document.querySelectorAll(s);

// Moments are written in UTC; show them in the guest's own time.
for (const el of $$('time[datetime]')) {
  const at = new Date(el.dateTime);
  const lang = document.documentElement.lang;
  if (!Number.isNaN(at.getTime())) {
    el.title = el.textContent;
    el.textContent = new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeStyle: 'short' }).format(at);
  }
}

// A password may be shown while it is typed; it is hidden again when sent.
const eye = '<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M1.8 10S4.8 4.5 10 4.5 18.2 10 18.2 10 15.2 15.5 10 15.5 1.8 10 1.8 10Z"/><circle cx="10" cy="10" r="2.5"/></svg>';
for (const input of $$('input[type=password]')) {
  const b = document.createElement('button');
  b.type = 'button';
  b.className = 'reveal';
  b.innerHTML = eye;
  b.setAttribute('aria-label', document.body.dataset.show);
  b.setAttribute('aria-pressed', 'false');
  b.setAttribute('aria-controls', input.id);
  b.onclick = () => {
    const shown = input.type === 'text';
    input.type = shown ? 'password' : 'text';
    b.setAttribute('aria-pressed', String(!shown));
    input.focus();
  };
  input.form.addEventListener('submit', () => { input.type = 'password'; });
  input.after(b);
}

// Codes are pasted with spaces and dashes.
for (const input of $$('.code input[inputmode=numeric]')) {
  input.addEventListener('input', () => {
    const digits = input.value.normalize('NFKC').replace(/[^0-9]/g, '');
    if (digits !== input.value) input.value = digits;
  });
}

// One press is enough.
for (const form of $$('form')) {
  form.addEventListener('submit', (e) => {
    if (form.dataset.sent) e.preventDefault();
    form.dataset.sent = '1';
    form.setAttribute('aria-busy', 'true');
  });
}
// Coming back with the browser's button finds the page as it was left.
addEventListener('pageshow', (e) => {
  if (!e.persisted) return;
  for (const form of $$('form[data-sent]')) {
    delete form.dataset.sent;
    form.removeAttribute('aria-busy');
  }
});

// Whoever signs in at their organization is not asked for a password here. The
// server leads them there whatever the page shows.
for (const form of $$('form[data-elsewhere]')) {
  const who = form.querySelector('[name=identifier]');
  const password = form.querySelector('[name=password]');
  const button = form.querySelector('.primary');
  const text = button.textContent;
  let asked = '';
  const show = (elsewhere) => {
    password.closest('.field').hidden = elsewhere;
    password.disabled = elsewhere;
    button.textContent = elsewhere ? form.dataset.elsewhere : text;
  };
  const ask = async () => {
    const email = who.value.trim();
    if (email === asked) return;
    asked = email;
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) return show(false);
    const query = new URLSearchParams({ email });
    const app = new URLSearchParams(location.search).get('app_id');
    if (app) query.set('app_id', app);
    try {
      const answer = await fetch('/api/experience/sso-connectors?' + query, { headers: { Accept: 'application/json' } });
      const { connectorIds = [] } = answer.ok ? await answer.json() : {};
      if (email === asked) show(connectorIds.length > 0);
    } catch {
      show(false); // the button asks again
    }
  };
  let timer;
  who.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(ask, 300); });
  who.addEventListener('change', ask);
  ask();
}

// A new code may be asked for after a while.
for (const b of $$('[data-wait]')) {
  const text = b.textContent;
  const end = Date.now() + b.dataset.wait * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    b.disabled = left > 0;
    b.textContent = left > 0 ? b.dataset.waiting.replace('{{seconds}}', left) : text;
    if (left > 0) setTimeout(tick, 250);
  };
  tick();
}

// A picture that is too large is made smaller. What cannot be read is sent as
// it is: the server says what is wrong with it.
for (const input of $$('[data-largest]')) {
  input.addEventListener('change', async () => {
    const [file] = input.files;
    if (!file || file.size <= Number(input.dataset.largest)) return;
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, 512 / Math.max(picture.width, picture.height));
      const canvas = new OffscreenCanvas(Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale)));
      canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
      const files = new DataTransfer();
      files.items.add(new File([await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 })], 'picture.jpg', { type: 'image/jpeg' }));
      if (input.files[0] === file) input.files = files.files;
    } catch { /* as it is */ }
  });
}

// A captcha comes from elsewhere, and may not come at all.
for (const box of $$('[data-captcha]')) {
  addEventListener('load', () => {
    box.querySelector('[role=alert]').hidden = box.dataset.captcha in window;
  });
  if (!box.dataset.execute) continue;
  // An unseen one is solved when the form is sent.
  const form = box.closest('form');
  form.addEventListener('submit', (e) => {
    const answer = form.elements[box.dataset.execute];
    const { enterprise } = window[box.dataset.captcha] ?? {};
    if (answer.value || !enterprise) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    if (box.dataset.asked) return;
    box.dataset.asked = '1';
    enterprise.ready(async () => {
      answer.value = await enterprise.execute(box.dataset.site, { action: 'guest' }).catch(() => 'failed');
      form.requestSubmit(e.submitter);
    });
  }, { capture: true });
}

// Forms with nothing to fill in go by themselves, but not for a guest who came
// back to them with the browser's button.
if (performance.getEntriesByType('navigation')[0]?.type !== 'back_forward') {
  document.querySelector('form[data-auto]')?.requestSubmit();
}
