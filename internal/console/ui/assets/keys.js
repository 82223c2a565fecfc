// Keyboard: / searches, g and a letter goes, j and k walk through rows, Enter
// opens, x chooses, ? tells.

const typing = (el) => el.closest('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]');

export function keys() {
  let going = 0;
  const help = document.getElementById('help');
  document.addEventListener('click', (e) => { if (e.target.closest('[data-help]')) help?.showModal(); });

  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || typing(e.target)) return;
    if (document.querySelector('dialog[open]')) return;
    if (going && Date.now() - going < 1500) {
      going = 0;
      const link = [...document.querySelectorAll('.nav a[data-key]')].find((a) => a.dataset.key === e.key);
      if (link) { e.preventDefault(); link.click(); return; }
    }
    going = 0;
    switch (e.key) {
      case 'g': going = Date.now(); break;
      case '/': {
        const box = document.querySelector('[data-search]');
        if (box) { e.preventDefault(); box.focus(); box.select(); }
        break;
      }
      case '?': help?.showModal(); break;
      case 'j': walk(1); break;
      case 'k': walk(-1); break;
      case 'x': document.querySelector('tr.here .choose input')?.click(); break;
      case 'Enter': {
        if (!e.target.closest('a, button, summary')) document.querySelector('tr.here th a')?.click();
        break;
      }
    }
  });
}

function walk(by) {
  const all = [...document.querySelectorAll('.rows tbody tr')];
  if (!all.length) return;
  const now = all.findIndex((r) => r.classList.contains('here'));
  const next = all[Math.min(all.length - 1, Math.max(0, now + by))];
  if (now >= 0) all[now].classList.remove('here');
  next.classList.add('here');
  next.scrollIntoView({ block: 'nearest' });
  next.querySelector('th a')?.focus({ preventScroll: true });
}
