/** Choosing a concert. */

import { askAll } from '../talk/http.js';
import { h, show } from '../screen/dom.js';
import { day } from '../screen/figures.js';
import { say } from '../screen/words.js';
import { isOver } from '../talk/clock.js';
import { patiently } from './patiently.js';
import { poster } from './poster.js';

function when({ performances, timezone }) {
  if (!performances?.length) return say('programme.dates.none');
  const first = day(performances[0].starts_at, timezone);
  const others = performances.length - 1;
  return others ? say('programme.dates.more', { first, count: others }) : first;
}

/** Whether the last of its dates can be booked no more, by the service's clock. */
const saleIsOver = ({ performances }) =>
  performances.length > 0 && performances.every((date) => isOver(Date.parse(date.reservable_until)));

function card(concert) {
  return h(
    'li',
    null,
    h(
      'a',
      { class: 'card', href: `/concerts/${concert.id}` },
      poster(concert),
      h(
        'div',
        { class: 'card-text' },
        h('h2', null, concert.title),
        h('p', null, concert.venue),
        h('p', { class: 'soft' }, when(concert)),
        saleIsOver(concert) ? h('p', null, h('span', { class: 'badge' }, say('line.sale-over'))) : null,
      ),
    ),
  );
}

const empty = () =>
  h('div', { class: 'empty' }, h('h2', null, say('programme.empty.title')), h('p', null, say('programme.empty.text')));

/** The programme, newest concert first. */
export async function programme(main, _params, signal) {
  const head = [h('h1', null, say('programme.title')), h('p', { class: 'lead' }, say('programme.lead'))];
  show(
    main,
    head,
    h(
      'div',
      { class: 'cards' },
      [1, 2, 3].map(() => h('div', { class: 'card card-loading' })),
    ),
  );
  const concerts = await patiently(() => askAll('/v1/concerts', { signal }), main, signal);
  if (signal.aborted) return;
  show(main, head, concerts.length ? h('ul', { class: 'cards' }, concerts.reverse().map(card)) : empty());
}
