// What a form would make of a page is shown while it is filled in. Each answer
// comes into a frame of its own, which takes the place of the one before when
// it is there: nothing flickers, and the history has no entries of it.

const pause = 400; // milliseconds without typing

export function previews() {
  for (const box of document.querySelectorAll('[data-preview]')) {
    const form = document.getElementById(box.dataset.preview);
    if (!form) continue; // a search that found nothing leaves none
    const button = box.querySelector('[data-show]');
    const stage = box.querySelector('.stage');
    const name = button.formTarget;
    let timer;
    let count = 0;
    const show = () => {
      clearTimeout(timer);
      if (form.dataset.sent) return; // of two submissions browsers drop the first, which is to save
      const now = stage.querySelector('iframe:not(.coming)');
      for (const old of stage.querySelectorAll('.coming')) old.remove();
      const next = document.createElement('iframe');
      next.title = now.title;
      next.name = `${name}-${count += 1}`;
      next.className = 'coming';
      stage.append(next);
      next.addEventListener('load', () => {
        now.remove();
        next.classList.remove('coming');
      }, { once: true });
      button.formTarget = next.name;
      form.requestSubmit(button);
    };
    const soon = (e) => {
      if (e.target.name === 'preview.device') return;
      clearTimeout(timer);
      timer = setTimeout(show, e.target.matches('select, [type=checkbox], [type=radio]') ? 0 : pause);
    };
    form.addEventListener('input', soon);
    box.addEventListener('change', soon);
    button.addEventListener('click', (e) => {
      e.preventDefault();
      show();
    });
  }
}
