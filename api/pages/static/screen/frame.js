/** What stands around every view: the header with language and name, the content, the footer. */

import { h, show } from './dom.js';
import { LANGUAGES, language, loadWords, say, speak } from './words.js';

/** Change the language and show everything anew. */
async function change(tag, redraw) {
  speak(tag);
  await loadWords();
  redraw();
}

function languageSwitch(redraw) {
  const other = Object.keys(LANGUAGES).find((tag) => tag !== language());
  return h(
    'button',
    { class: 'quiet', type: 'button', lang: other, onclick: () => change(other, redraw) },
    LANGUAGES[other],
  );
}

/** Build the frame; `links` are elements for the header; returns the `main` element that views fill. */
export function frame({ home, title, links, redraw }) {
  const main = h('main', { id: 'content', class: 'page', tabindex: '-1' });
  const header = h(
    'header',
    { class: 'top' },
    h('a', { class: 'brand', href: home }, h('span', { class: 'brand-mark', 'aria-hidden': 'true' }), title),
    h('nav', { class: 'row', 'aria-label': say('nav.label') }, links, languageSwitch(redraw)),
  );
  const skip = h('a', { class: 'skip', href: '#content', 'data-outside': true }, say('nav.skip'));
  const footer = h('footer', { class: 'foot' }, h('p', null, say('footer')));
  const alive = document.querySelector('body > .unseen');
  show(document.body, skip, header, main, footer, alive);
  return main;
}
