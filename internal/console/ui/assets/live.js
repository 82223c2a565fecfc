// Work that goes on is followed by one stream, not by asking again and again.
// The browser connects anew by itself; what it missed is in the next event.

export function live() {
  for (const el of document.querySelectorAll('[data-later]')) later(el);
  for (const el of document.querySelectorAll('[data-events]')) {
    const source = new EventSource(el.dataset.events);
    const bar = el.querySelector('progress');
    const text = el.querySelector('.progress-text');
    source.onmessage = (e) => {
      const p = JSON.parse(e.data);
      if (p.total) { bar.max = p.total; bar.value = p.done; }
      text.textContent = p.text;
      if (!p.finished) return;
      source.close();
      if (p.href) location.assign(p.href);
      else location.reload();
    };
    addEventListener('pagehide', () => source.close());
  }
}

// What takes its time comes when it is there; what cannot come so is opened.
async function later(el) {
  const src = el.dataset.later;
  try {
    const res = await fetch(src, { headers: { 'Guestlist-Fragment': el.id } });
    const doc = new DOMParser().parseFromString(await res.text(), 'text/html');
    const fresh = res.ok && !res.redirected && doc.getElementById(el.id);
    if (fresh) el.replaceChildren(...document.adoptNode(fresh).childNodes);
    else location.assign(src);
  } catch {
    // The page is being left, or nobody is there to ask.
  }
}
