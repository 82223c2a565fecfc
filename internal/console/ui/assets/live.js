// Work that goes on is followed by one stream, not by asking again and again.
// The browser connects anew by itself; what it missed is in the next event.

export function live() {
  for (const el of document.querySelectorAll('[data-later]')) later(el);
  for (const el of document.querySelectorAll('[data-events]')) follow(el);
}

const pause = 2000; // milliseconds before a stream is asked for that was refused

function follow(el) {
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
  // A proxy whose server is away answers by itself, and the end of a session is
  // no stream either: browsers give up then.
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(() => resume(el), pause);
  };
  addEventListener('pagehide', () => source.close(), { once: true });
}

// resume follows again, unless the page is no longer to be had without signing
// in, or at all: then it says so itself.
async function resume(el) {
  try {
    const res = await fetch(location.href, { redirect: 'manual' });
    if (res.type === 'opaqueredirect' || res.status === 404) { location.reload(); return; }
  } catch {
    // nobody is there yet
  }
  follow(el);
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
