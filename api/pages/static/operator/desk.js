/** One concert live: its figures, plots over time, steering and seats. */

import { ask } from '../talk/http.js';
import { keepAsking } from '../talk/polling.js';
import { h, show } from '../screen/dom.js';
import { money, roughly, time } from '../screen/figures.js';
import { trouble } from '../screen/notice.js';
import { figure, say } from '../screen/words.js';
import { askAsOperator } from './asking.js';
import { audit } from './audit.js';
import { beforeSale } from './before-sale.js';
import { History } from './history.js';
import { panel } from './panel.js';
import { plot } from './plot.js';
import { refunds } from './refunds.js';
import { seatOverview } from './seat-overview.js';
import { steering } from './steering.js';

const EVERY_SECONDS = 2;
const SMOOTHED_OVER = 5;

/** Each value as the mean of the last few: single seconds jump too much to be read. */
const smoothed = (values) =>
  values.map((_, at) => {
    const near = values.slice(Math.max(0, at - SMOOTHED_OVER + 1), at + 1);
    return Math.round((10 * near.reduce((sum, value) => sum + value, 0)) / near.length) / 10;
  });

const fact = (name, value, extra = null) =>
  h('div', { class: 'fact' }, h('dt', null, say(`desk.${name}`)), h('dd', null, value, extra));

/** How the seats go. Sold out is what is sold: seats that are held may come free again. */
function sellOutOf(stats, history) {
  const { seats_available: free, seats_held: held, seats_sold: sold } = stats;
  if (!free && !held) return say(sold ? 'desk.sold-out' : 'desk.no-seats');
  if (!free) return say('desk.all-held', { count: held });
  const seconds = history.sellOutSeconds();
  return seconds === null ? say('desk.sell-out.unknown') : roughly(seconds);
}

function facts(stats, history) {
  const meter = h('meter', { min: 0, max: stats.capacity, value: stats.active, 'aria-label': say('desk.active') });
  return h(
    'dl',
    { class: 'facts' },
    fact('waiting', figure(stats.waiting)),
    fact('active', say('desk.of', { part: stats.active, whole: stats.capacity }), meter),
    fact('admitted', figure(stats.admitted)),
    fact('completed', figure(stats.completed)),
    fact('expired', figure(stats.expired)),
    fact('revenue', money(stats.revenue)),
    fact('sell-out', sellOutOf(stats, history)),
  );
}

function seatBar(stats, dates) {
  const kinds = ['sold', 'held', 'available'];
  const total = Math.max(
    1,
    kinds.reduce((sum, kind) => sum + stats[`seats_${kind}`], 0),
  );
  const part = (kind) =>
    h('span', { class: `seat-part seat-${kind}`, style: { width: `${(stats[`seats_${kind}`] / total) * 100}%` } });
  const key = (kind) =>
    h(
      'li',
      null,
      h('span', { class: `plot-key seat-${kind}`, 'aria-hidden': 'true' }),
      h('span', null, say(`desk.${kind}`)),
      h('b', null, figure(stats[`seats_${kind}`])),
    );
  return [
    h('div', { class: 'seat-bar', 'aria-hidden': 'true' }, kinds.map(part)),
    h('ul', { class: 'plot-legend' }, dates > 1 && h('li', { class: 'soft' }, say('desk.all-dates')), kinds.map(key)),
  ];
}

function plots(stats, history, zone) {
  const { times } = history;
  const since = { from: time(times[0], zone), to: time(times.at(-1), zone), times };
  const minute = { from: say('plot.minute-ago'), to: say('plot.now') };
  const seen = (name, word) => ({ name: say(word), values: history.values(name) });
  const last = (name) => ({ name: say(`plot.${name}`), values: smoothed(stats.last_60_seconds[name]) });
  return [
    plot(say('plot.line'), [seen('waiting', 'desk.waiting'), seen('active', 'desk.active')], since),
    plot(say('plot.entry'), ['tokens', 'admissions'].map(last), minute),
    plot(say('plot.sale'), ['refusals', 'holds', 'payments'].map(last), minute),
    plot(say('plot.seats'), [seen('seats_sold', 'desk.sold'), seen('seats_held', 'desk.held')], since),
  ];
}

/** The live desk of one concert. */
export async function desk(main, params, signal) {
  const concertId = Number(params.concert);
  const { body: concert } = await ask('GET', `/v1/concerts/${concertId}`, { signal });
  const history = new History(concertId);
  const seats = seatOverview(concert, signal);
  const parts = {
    badge: h('span', { class: 'badge' }),
    messages: h('div'),
    facts: h('div'),
    plots: h('div', { class: 'plots' }),
    seats: h('div', { class: 'stack' }),
  };
  const trail = audit(signal, concert);
  const controls = steering(concertId, () => Promise.all([look(), trail.refresh()]));
  const before = beforeSale(concert, () => controls.change({ state: 'open' }));
  const look = async () => {
    const { body: stats } = await askAsOperator('GET', `/v1/operator/concerts/${concertId}/stats`, { signal });
    history.add(stats);
    parts.badge.className = `badge badge-${stats.state}`;
    parts.badge.textContent = say(`line.${stats.state}`);
    show(parts.facts, facts(stats, history));
    show(parts.plots, plots(stats, history, concert.timezone));
    show(parts.seats, seatBar(stats, concert.performances?.length));
    seats?.refresh(stats);
    controls.refresh(stats);
    before.refresh(stats);
    return EVERY_SECONDS;
  };
  show(
    main,
    h(
      'div',
      { class: 'console-head' },
      h('div', null, h('h1', null, concert.title), h('p', { class: 'lead' }, concert.venue)),
      parts.badge,
    ),
    parts.messages,
    before.element,
    parts.facts,
    h(
      'div',
      { class: 'desk' },
      h('div', { class: 'desk-side' }, panel(say('steer.title'), controls.element), refunds(signal, trail.refresh)),
      panel(say('desk.seats'), parts.seats, seats?.element),
    ),
    parts.plots,
    h('div', { class: 'panels' }, trail.element),
  );
  return keepAsking(look, { signal, onTrouble: (problem) => show(parts.messages, problem && trouble(problem)) });
}
