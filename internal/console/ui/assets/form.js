// Forms: one press is enough, nothing typed is lost by accident, lists grow.

export function forms() {
  for (const form of document.querySelectorAll('form[data-guard]')) guard(form);

  document.addEventListener('submit', (e) => {
    if (e.defaultPrevented || e.target.method !== 'post') return;
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
    }
  });
}

// guard tells of what is not saved yet, and asks before it is left.
function guard(form) {
  const state = () => new URLSearchParams([...new FormData(form)].filter(([, v]) => typeof v === 'string')).toString();
  const first = state();
  const note = form.querySelector('[data-unsaved]');
  const dirty = () => state() !== first;
  form.addEventListener('input', () => { if (note) note.hidden = !dirty(); });
  addEventListener('beforeunload', (e) => {
    if (!form.dataset.sent && dirty()) e.preventDefault();
  });
}
