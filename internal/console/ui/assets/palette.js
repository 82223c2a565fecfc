// The command palette: Ctrl-K (Cmd-K) finds pages, users and applications.

export function palette() {
  const dialog = document.getElementById('palette');
  if (!dialog) return;
  const input = dialog.querySelector('input');
  const list = dialog.querySelector('ul');
  let timer, running, at = 0;

  const show = () => {
    if (dialog.open) return;
    document.getElementById('nav')?.hidePopover?.();
    dialog.showModal();
    input.value = '';
    find();
  };
  const choose = (i) => {
    const items = [...list.querySelectorAll('[role=option]')];
    if (!items.length) { input.removeAttribute('aria-activedescendant'); return; }
    at = (i + items.length) % items.length;
    items.forEach((li, n) => li.setAttribute('aria-selected', String(n === at)));
    input.setAttribute('aria-activedescendant', items[at].id);
    items[at].scrollIntoView({ block: 'nearest' });
  };
  const say = (text) => {
    const li = document.createElement('li');
    li.className = 'none';
    li.textContent = text;
    list.replaceChildren(li);
  };
  const find = async () => {
    running?.abort();
    running = new AbortController();
    try {
      const res = await fetch(dialog.dataset.source + '?q=' + encodeURIComponent(input.value), { signal: running.signal });
      if (res.status === 401) { location.reload(); return; }
      const found = res.ok ? await res.json() : { items: [] };
      list.replaceChildren(...found.items.map((item, n) => {
        const li = document.createElement('li');
        li.id = 'palette-' + n;
        li.setAttribute('role', 'option');
        li.dataset.href = item.href;
        const text = document.createElement('bdi');
        text.textContent = item.text;
        const kind = document.createElement('small');
        kind.textContent = item.kind;
        li.append(text, kind);
        return li;
      }));
      if (!found.items.length) say(res.ok ? dialog.dataset.none : dialog.dataset.failed);
      choose(0);
    } catch (err) {
      if (err.name === 'AbortError') return;
      say(dialog.dataset.failed);
      choose(0);
    }
  };
  const go = (li) => { if (li?.dataset.href) location.assign(li.dataset.href); };

  document.addEventListener('keydown', (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') { e.preventDefault(); show(); }
  });
  document.addEventListener('click', (e) => {
    if (e.target.closest('[data-palette]') && !e.ctrlKey && !e.metaKey) { e.preventDefault(); show(); }
  });
  input.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(find, 120); });
  input.addEventListener('keydown', (e) => {
    if (e.isComposing) return;
    if (e.key === 'ArrowDown') { e.preventDefault(); choose(at + 1); }
    if (e.key === 'ArrowUp') { e.preventDefault(); choose(at - 1); }
    // The field would take it for itself, to empty itself.
    if (e.key === 'Escape') { e.preventDefault(); dialog.close(); }
    if (e.key === 'Enter') { e.preventDefault(); go(list.querySelectorAll('[role=option]')[at]); }
  });
  list.addEventListener('click', (e) => go(e.target.closest('li')));
  dialog.addEventListener('click', (e) => { if (e.target === dialog) dialog.close(); });
}
