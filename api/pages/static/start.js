/**
 * The one script that stands in a page itself: it fetches what draws the page, and fetches again what was lost on the
 * way; when it cannot be had, it says so. Its page's policy knows it by its hash.
 */
(() => {
  const PAUSES = [500, 2000, 5000]; // Milliseconds before each further try.
  const SOON = 400; // Milliseconds; nearly always the page is drawn before, and nothing need be said.
  const WORDS = {
    again: 'The connection was lost on the way; trying again. · 연결이 끊겨 다시 시도하고 있습니다.',
    lost: 'The page could not be loaded. · 페이지를 불러오지 못했습니다.',
    reload: 'Try again · 다시 시도',
  };
  const { module } = document.currentScript.dataset;

  const later = (address, tries) => `${address.split('?')[0]}?again=${tries}`;

  const shown = () => document.getElementById('starting')?.removeAttribute('hidden');

  function tell(text, ...more) {
    const place = document.getElementById('starting');
    place?.setAttribute('role', 'status');
    place?.replaceChildren(text, ...more);
    shown();
  }

  function reloading() {
    const link = document.createElement('a');
    link.href = '';
    link.textContent = WORDS.reload;
    return link;
  }

  async function draw(tries = 0) {
    try {
      await import(tries ? later(module, tries) : module);
    } catch (error) {
      if (tries === PAUSES.length) {
        tell(WORDS.lost, ' ', reloading());
        console.error(error);
        return;
      }
      tell(WORDS.again);
      setTimeout(draw, PAUSES[tries], tries + 1);
    }
  }

  const styles = new Map();
  document.addEventListener(
    'error',
    ({ target }) => {
      if (target.rel !== 'stylesheet') return;
      const address = target.href.split('?')[0];
      const tries = styles.get(address) ?? 0;
      if (tries === PAUSES.length) return;
      styles.set(address, tries + 1);
      setTimeout(() => {
        const link = document.createElement('link');
        link.rel = 'stylesheet';
        link.href = later(address, tries + 1);
        target.replaceWith(link);
      }, PAUSES[tries]);
    },
    true,
  );

  document.addEventListener('DOMContentLoaded', () => {
    setTimeout(shown, SOON);
    draw();
  });
})();
