/**
 * The one script that stands in a page itself: it fetches what draws the page, and fetches again what was lost on the
 * way or hangs; when it cannot be had, it says so. Its page's policy knows it by its hash.
 */
(() => {
  const PAUSES = [500, 2000, 5000]; // Milliseconds before each further try.
  const SOON = 400; // Milliseconds; nearly always the page is drawn before, and nothing need be said.
  const LONG = 10_000; // Milliseconds after which a file is taken for lost.
  const WORDS = {
    again: 'The connection was lost on the way; trying again. · 연결이 끊겨 다시 시도하고 있습니다.',
    lost: 'The page could not be loaded. · 페이지를 불러오지 못했습니다.',
    retry: 'Try again · 다시 시도',
  };
  const { module } = document.currentScript.dataset;
  const again = (address, tries) => `${address.split('?')[0]}?again=${tries}`;
  const place = () => document.getElementById('starting');
  const shown = () => place()?.removeAttribute('hidden');
  let tries = 0;

  function tell(text, ...more) {
    place()?.setAttribute('role', 'status');
    place()?.replaceChildren(text, ...more);
    shown();
  }

  function retrying() {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = WORDS.retry;
    button.addEventListener('click', () => {
      tries += 1;
      draw(PAUSES.length);
    });
    return button;
  }

  const late = () => new Promise((_, reject) => setTimeout(reject, LONG, new Error('The module takes too long.')));

  function give(up, error) {
    console.error(error);
    tell(WORDS.lost, ' ', up);
  }

  /** Import the module, which takes effect once, however often it arrives (`bundle.py`); `left` tries remain. */
  async function draw(left) {
    const arriving = import(tries ? again(module, tries) : module);
    try {
      return await Promise.race([arriving, late()]);
    } catch (error) {
      tell(WORDS.again);
      // What has begun goes on by itself, and to begin it once more would not help it.
      if (window.frontrowBegun) return arriving.catch((fault) => give(reloading(), fault));
      arriving.catch(() => {});
      if (!left) return give(retrying(), error);
      tries += 1;
      return setTimeout(draw, PAUSES[PAUSES.length - left], left - 1);
    }
  }

  function reloading() {
    const link = document.createElement('a');
    link.href = '';
    link.textContent = WORDS.retry;
    return link;
  }

  const lost = new Map();

  /** Fetch a style sheet again. One that hangs keeps the browser from showing anything, so it is taken away first. */
  function replace(sheet) {
    const address = sheet.href.split('?')[0];
    const count = lost.get(address) ?? 0;
    if (count === PAUSES.length) return sheet.remove();
    lost.set(address, count + 1);
    return setTimeout(() => {
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = again(address, count + 1);
      sheet.replaceWith(link);
      watch(link);
    }, PAUSES[count]);
  }

  function watch(sheet) {
    setTimeout(() => sheet.isConnected && !sheet.sheet && replace(sheet), LONG);
  }

  document.addEventListener('error', ({ target }) => target.rel === 'stylesheet' && replace(target), true);
  document.addEventListener('DOMContentLoaded', () => {
    setTimeout(shown, SOON);
    document.querySelectorAll('link[rel=stylesheet]').forEach(watch);
    draw(PAUSES.length);
  });
})();
