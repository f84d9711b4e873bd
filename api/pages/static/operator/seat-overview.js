/** The seats of a date by section and status. */

import { keepAsking } from '../talk/polling.js';
import { h, show } from '../screen/dom.js';
import { dayAndTime } from '../screen/figures.js';
import { refusal } from '../screen/notice.js';
import { figure, say } from '../screen/words.js';
import { askAllAsOperator, ifOffered } from './asking.js';

const EVERY_SECONDS = 10;
const KINDS = ['available', 'held', 'sold'];

function countBySection(seats) {
  const sections = new Map();
  for (const { section, status } of seats) {
    if (!sections.has(section)) sections.set(section, { available: 0, held: 0, sold: 0 });
    sections.get(section)[status] += 1;
  }
  return sections;
}

function table(seats) {
  const heads = [
    h('th', { scope: 'col' }, say('list.section')),
    KINDS.map((kind) => h('th', { scope: 'col', class: 'number' }, say(`desk.${kind}`))),
  ];
  const rows = [...countBySection(seats)].map(([name, counts]) =>
    h(
      'tr',
      null,
      h('td', null, name),
      KINDS.map((kind) => h('td', { class: 'number' }, figure(counts[kind]))),
    ),
  );
  return h('table', null, h('thead', null, h('tr', null, heads)), h('tbody', null, rows));
}

/** A choice of the concert's dates, and the table of the one chosen. */
export function seatOverview(concert, signal) {
  const dates = concert.performances ?? [];
  const body = h('div');
  const look = async () => {
    const seats = await ifOffered(() =>
      askAllAsOperator(`/v1/operator/performances/${choice.value}/seats`, { signal }),
    );
    show(body, seats && table(seats));
    element.hidden = !seats;
    return seats ? EVERY_SECONDS : null;
  };
  const tell = (error) => {
    if (!signal.aborted) show(body, refusal(error));
  };
  const choice = h(
    'select',
    { id: 'date', onchange: () => look().catch(tell) },
    dates.map((date) => h('option', { value: date.performance_id }, dayAndTime(date.starts_at))),
  );
  const element = h(
    'div',
    { class: 'stack', hidden: true },
    h('div', { class: 'row' }, h('label', { for: 'date' }, say('steps.date')), choice),
    body,
  );
  if (dates.length) keepAsking(look, { signal }).catch(tell);
  return element;
}
