// Tables: search while typing, choosing all rows, opening a row by its middle.

// rows prepares every table; dress is called with what was loaded.
export function rows(dress) {
  for (const list of document.querySelectorAll('[data-list]')) search(list, dress);

  document.addEventListener('change', (e) => {
    if (!e.target.matches('[data-all]')) return;
    for (const box of e.target.closest('table').querySelectorAll('tbody .choose input')) box.checked = e.target.checked;
  });

  // A press on a row opens it, unless it meant something inside.
  document.addEventListener('click', (e) => {
    const row = e.target.closest('tr[data-href]');
    if (!row || e.target.closest('a, button, input, label, summary, details') || getSelection().toString()) return;
    const link = row.querySelector('th a');
    if (!link) return;
    if (e.metaKey || e.ctrlKey) open(link.href, '_blank', 'noopener');
    else link.click();
  });
}

// search loads the same page's rows while somebody types.
function search(list, dress) {
  const form = list.querySelector('form.tools');
  if (!form) return;
  let timer, running;
  const load = async (address) => {
    running?.abort();
    running = new AbortController();
    const box = list.querySelector('[data-rows]');
    box.setAttribute('aria-busy', 'true');
    try {
      const res = await fetch(address, { headers: { 'Guestlist-Fragment': list.id }, signal: running.signal });
      if (!res.ok || res.redirected) { location.assign(address); return; }
      const doc = new DOMParser().parseFromString(await res.text(), 'text/html');
      const all = doc.getElementById(list.id);
      const fresh = all?.querySelector('[data-rows]');
      if (!fresh) { location.assign(address); return; }
      const views = all.querySelector('[data-views]');
      if (views) list.querySelector('[data-views]')?.replaceWith(document.adoptNode(views));
      dress(fresh);
      box.replaceWith(document.adoptNode(fresh));
      history.replaceState(null, '', address);
    } catch (err) {
      if (err.name !== 'AbortError') box.removeAttribute('aria-busy');
    }
  };
  const address = () => {
    const url = new URL(form.action || location.href);
    url.search = '';
    for (const [name, value] of new FormData(form)) if (value !== '') url.searchParams.append(name, value);
    return url.href;
  };
  form.addEventListener('input', (e) => {
    clearTimeout(timer);
    timer = setTimeout(() => load(address()), e.target.matches('[data-search], [data-typed]') ? 180 : 0);
  });
  form.addEventListener('submit', (e) => { e.preventDefault(); clearTimeout(timer); load(address()); });
}
