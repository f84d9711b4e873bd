/** What stands where nothing is: calm, as nothing went wrong, and with the ways on. */

import { announce } from './announce.js';
import { h, show } from './dom.js';
import { sentence } from './sentence.js';
import { say } from './words.js';

/** Whether `error` says that the address, or what it names, is not there. */
export const isMissing = (error) => error?.status === 404;

/** Show in `main` that `error`'s thing is not there; `ways` are links that lead on. */
export function showMissing(main, error, ...ways) {
  document.title = `${say('title.missing')} · ${document.title.split(' · ').at(-1)}`;
  announce(sentence(error));
  return show(
    main,
    h(
      'section',
      { class: 'empty' },
      h('h1', null, say('title.missing')),
      h('p', null, sentence(error)),
      h('p', { class: 'soft' }, say('missing.text')),
      h('div', { class: 'row' }, ways),
    ),
  );
}
