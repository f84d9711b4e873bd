/** A concert as it will be, before it is made. */

import { h } from '../screen/dom.js';
import { dayAndTime, money } from '../screen/figures.js';
import { figure, say } from '../screen/words.js';
import { about } from './about.js';

const seatsOf = ({ rows, seats_per_row: wide }) => rows * wide;

const section = (one) =>
  h(
    'tr',
    null,
    h('th', { scope: 'row' }, one.name),
    h('td', { class: 'number' }, figure(seatsOf(one))),
    h('td', { class: 'number' }, money(one.price)),
  );

function sections(list) {
  const heads = [say('list.section'), say('console.column.seats'), say('about.price')];
  return h(
    'div',
    { class: 'table-box section-box', tabindex: 0, role: 'region', 'aria-label': say('create.sections') },
    h(
      'table',
      null,
      h('thead', null, h('tr', null, heads.map((text, at) => h('th', { scope: 'col', class: at ? 'number' : null }, text)))),
      h('tbody', null, list.map(section)),
    ),
  );
}

/** What `POST /v1/operator/concerts` will make of `wish`, and what it will not do. */
export function aboutWish({ title, venue, timezone, queue, performances }) {
  const ofDate = performances[0]?.sections ?? [];
  const seats = ofDate.reduce((sum, one) => sum + seatsOf(one), 0);
  const value = ofDate.reduce((sum, one) => sum + seatsOf(one) * one.price, 0);
  const dates = performances.map((date) => h('div', null, dayAndTime(date.starts_at, timezone)));
  return [
    about([
      [say('create.title'), title],
      [say('create.venue'), `${venue}, ${timezone}`],
      [say('concert.dates'), dates],
      [say('steer.capacity'), figure(queue.capacity)],
      [say('steer.rate'), queue.admit_per_second === null ? say('steer.rate.none') : String(queue.admit_per_second)],
      [say('create.each-date'), say('create.worth', { seats, value: money(value) })],
    ]),
    sections(ofDate),
    h('p', null, say('create.sure.text')),
  ];
}
