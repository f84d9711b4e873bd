/** The console's first page: the concerts, the service, fans, refunds and what operators did. */

import { askAll } from '../talk/http.js';
import { h, show } from '../screen/dom.js';
import { shortMoment } from '../screen/figures.js';
import { figure, say } from '../screen/words.js';
import { audit } from './audit.js';
import { fanSearch } from './fan-search.js';
import { refunds } from './refunds.js';
import { service } from './service.js';

function row({ id, title, venue, timezone, performances = [] }) {
  const seats = performances.reduce((sum, date) => sum + date.seats_total, 0);
  return h(
    'tr',
    null,
    h('td', null, h('a', { href: `/operator/concerts/${id}` }, title)),
    h('td', null, venue),
    h('td', null, performances.length ? shortMoment(performances[0].starts_at, timezone) : ''),
    h('td', { class: 'number' }, figure(performances.length)),
    h('td', { class: 'number' }, figure(seats)),
  );
}

function table(concerts) {
  const heads = ['title', 'venue', 'first', 'dates', 'seats'].map((name) =>
    h(
      'th',
      { scope: 'col', class: ['dates', 'seats'].includes(name) ? 'number' : null },
      say(`console.column.${name}`),
    ),
  );
  return h(
    'div',
    { class: 'table-box', tabindex: 0, role: 'region', 'aria-label': say('console.concerts') },
    h('table', null, h('thead', null, h('tr', null, heads)), h('tbody', null, concerts.map(row))),
  );
}

/** The overview. */
export async function overview(main, _params, signal) {
  const concerts = await askAll('/v1/concerts', { signal });
  if (signal.aborted) return;
  const trail = audit(signal);
  show(
    main,
    h(
      'div',
      { class: 'console-head' },
      h('h1', null, say('console.concerts')),
      h('a', { class: 'strong', href: '/operator/new' }, say('console.new')),
    ),
    concerts.length ? table(concerts.reverse()) : h('p', { class: 'empty' }, say('console.empty')),
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
