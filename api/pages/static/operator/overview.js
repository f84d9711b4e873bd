/** The console's first page: the concerts, the service, fans, refunds and what operators did. */

import { keepAsking } from '../talk/polling.js';
import { h, show } from '../screen/dom.js';
import { money, shortMoment } from '../screen/figures.js';
import { refusal, trouble } from '../screen/notice.js';
import { figure, say } from '../screen/words.js';
import { askAllAsOperator } from './asking.js';
import { audit } from './audit.js';
import { fanSearch } from './fan-search.js';
import { refunds } from './refunds.js';
import { service } from './service.js';

const EVERY_SECONDS = 10;
const NUMBERS = new Set(['dates', 'waiting', 'sold', 'revenue']);
const HEADS = ['title', 'venue', 'first', 'dates', 'state', 'waiting', 'sold', 'revenue'];
const number = (...content) => h('td', { class: 'number' }, content);

function row(one) {
  const { id, title, venue, timezone, state, waiting, revenue, performances, seats_total: seats } = one;
  const first = one.first_starts_at;
  return h(
    'tr',
    null,
    h('td', null, h('a', { href: `/operator/concerts/${id}` }, title)),
    h('td', null, venue),
    h('td', null, first ? shortMoment(first, timezone) : ''),
    number(figure(performances)),
    h('td', null, h('span', { class: `badge badge-${state}` }, say(`line.${state}`))),
    number(figure(waiting)),
    number(one.sold_out ? say('line.sold-out') : say('desk.of', { part: one.seats_sold, whole: seats })),
    number(money(revenue)),
  );
}

function table(concerts) {
  const heads = HEADS.map((name) =>
    h('th', { scope: 'col', class: NUMBERS.has(name) ? 'number' : null }, say(`console.column.${name}`)),
  );
  return h(
    'div',
    { class: 'table-box', tabindex: 0, role: 'region', 'aria-label': say('console.concerts') },
    h('table', null, h('thead', null, h('tr', null, heads)), h('tbody', null, concerts.map(row))),
  );
}

/** The list of concerts, kept fresh until `signal` aborts. */
function concertList(signal) {
  const messages = h('div');
  const list = h('div', null, h('p', { class: 'busy', role: 'status' }, say('loading')));
  let shown = null;
  const look = async () => {
    const concerts = await askAllAsOperator('/v1/operator/concerts', { signal });
    const told = JSON.stringify(concerts);
    // Drawing the same anew would take the focus from whoever is about to press a link.
    if (told !== shown) show(list, concerts.length ? table(concerts) : h('p', { class: 'empty' }, say('console.empty')));
    shown = told;
    return EVERY_SECONDS;
  };
  const onTrouble = (problem) => show(messages, problem && trouble(problem));
  keepAsking(look, { signal, onTrouble }).catch((error) => {
    if (!signal.aborted) show(list, refusal(error));
  });
  return [messages, list];
}

/** The overview. */
export function overview(main, _params, signal) {
  const trail = audit(signal);
  show(
    main,
    h(
      'div',
      { class: 'console-head' },
      h('h1', null, say('console.concerts')),
      h('a', { class: 'strong', href: '/operator/new' }, say('console.new')),
    ),
    concertList(signal),
    h(
      'div',
      { class: 'panels' },
      service(signal),
      refunds(signal, trail.refresh),
      fanSearch(signal, trail.refresh),
      trail.element,
    ),
  );
}
