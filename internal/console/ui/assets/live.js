// Work that goes on is followed by one stream, not by asking again and again.
// The browser connects anew by itself; what it missed is in the next event.

export function live() {
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
