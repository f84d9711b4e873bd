/** The seats of a date by section and status, as figures: what the map shows, for whom a map is of no use. */

import { h } from '../screen/dom.js';
import { figure, say } from '../screen/words.js';

export const STATUSES = ['available', 'held', 'sold'];
const none = () => Object.fromEntries(STATUSES.map((status) => [status, 0]));

function countBySection(seats) {
  const sections = new Map();
  for (const { section, status } of seats) {
    if (!sections.has(section)) sections.set(section, none());
    sections.get(section)[status] += 1;
  }
  return sections;
}

function total(sections) {
  const sum = none();
  for (const counts of sections.values()) for (const status of STATUSES) sum[status] += counts[status];
  return sum;
}

const row = ([name, counts]) =>
  h(
    'tr',
    null,
    h('th', { scope: 'row' }, name),
    STATUSES.map((status) => h('td', { class: 'number' }, figure(counts[status]))),
  );

/** The table of `seats`, in a box that scrolls when a hall has many sections. */
export function seatTable(seats) {
  const sections = countBySection(seats);
  const heads = STATUSES.map((status) => h('th', { scope: 'col', class: 'number' }, say(`desk.${status}`)));
  return h(
    'div',
    { class: 'table-box section-box', tabindex: 0, role: 'region', 'aria-label': say('desk.by-section') },
    h(
      'table',
      null,
      h('thead', null, h('tr', null, h('th', { scope: 'col' }, say('list.section')), heads)),
      h('tbody', null, [...sections].map(row)),
      sections.size > 1 && h('tfoot', null, row([say('desk.all-sections'), total(sections)])),
    ),
  );
}
