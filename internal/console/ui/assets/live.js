// Work that goes on is followed by one stream, not by asking again and again.
// The browser connects anew by itself; what it missed is in the next event.

// live prepares what is followed; dress is called with what was loaded.
export function live(dress) {
  for (const el of document.querySelectorAll('[data-later]')) later(el);
  for (const el of document.querySelectorAll('[data-events]')) follow(el, dress);
}

const pause = 2000; // milliseconds before a stream is asked for that was refused

function follow(el, dress) {
  const source = new EventSource(el.dataset.events);
  const bar = el.querySelector(':scope > progress');
  const text = el.querySelector(':scope > .progress-text');
  source.onmessage = (e) => {
    const p = JSON.parse(e.data);
    if (bar && p.total) { bar.max = p.total; bar.value = p.done; }
    if (text) text.textContent = p.text;
    if (!p.finished) {
      if (el.dataset.renews) renew(document.getElementById(el.dataset.renews), dress);
      return;
    }
    source.close();
    if (p.href) location.assign(p.href);
    else location.reload();
  };
  // A proxy whose server is away answers by itself, and the end of a session is
  // no stream either: browsers give up then.
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(() => resume(el, dress), pause);
  };
  addEventListener('pagehide', () => source.close(), { once: true });
}

// resume follows again, unless the page is no longer to be had without signing
// in, or at all: then it says so itself.
async function resume(el, dress) {
  try {
    const res = await fetch(location.href, { redirect: 'manual' });
    if (res.type === 'opaqueredirect' || res.status === 404) { location.reload(); return; }
  } catch {
    // nobody is there yet
  }
  follow(el, dress);
}

const pressable = 'a[href], button, summary, [tabindex]';

// renew loads a part of the page anew. What was unfolded in it stays so, and who
// was at something with the keyboard stays there. What comes while it is loading
// is loaded after it.
async function renew(el, dress) {
  if (el.loading) { el.again = true; return; }
  el.loading = true;
  try {
    const res = await fetch(location.href, { headers: { 'Guestlist-Fragment': el.id } });
    const doc = new DOMParser().parseFromString(await res.text(), 'text/html');
    const fresh = res.ok && !res.redirected && doc.getElementById(el.id);
    if (fresh) {
      const open = [...el.querySelectorAll('details')].map((d) => d.open);
      const at = [...el.querySelectorAll(pressable)].indexOf(document.activeElement);
      fresh.querySelectorAll('details').forEach((d, n) => { d.open = open[n] ?? d.open; });
      dress(fresh);
      el.replaceChildren(...document.adoptNode(fresh).childNodes);
      el.querySelectorAll(pressable)[at]?.focus({ preventScroll: true });
    }
  } catch {
    // The page is being left, or nobody is there to ask: the stream says when.
  }
  el.loading = false;
  if (el.again) { el.again = false; renew(el, dress); }
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
