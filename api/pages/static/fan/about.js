/** What one is queueing for or buying, in a line that stands in every view. */

import { ask } from '../talk/http.js';
import { h, show } from '../screen/dom.js';
import { dayAndTime, money } from '../screen/figures.js';
import { say } from '../screen/words.js';

const told = new Map();

/** The *Concert*, asked for once in the life of the page: what it tells here never changes. */
async function aboutConcert(concertId, signal) {
  if (!told.has(concertId)) told.set(concertId, (await ask('GET', `/v1/concerts/${concertId}`, { signal })).body);
  return told.get(concertId);
}

/** The title of a concert that was shown before, else undefined. */
export const titleOf = (concertId) => told.get(concertId)?.title;

/** A line with the concert, its venue and, of one performance, the date; empty until the service has told them. */
export function aboutLine(concertId, signal, performanceId = null) {
  const line = h('p', { class: 'about' });
  aboutConcert(concertId, signal)
    .then(({ title, venue, performances, timezone }) => {
      const date = performances.find((one) => one.performance_id === performanceId);
      const when = date && h('span', null, dayAndTime(date.starts_at, timezone));
      show(line, h('b', null, title), when, h('span', null, venue));
    })
    // The view itself tells of trouble; nothing is said here that is not known.
    .catch(() => {});
  return line;
}

/** What a seat costs on a date, or null where nobody knows. */
export function priceRange({ price_from: least, price_to: most }) {
  if (least === null || least === undefined) return null;
  return least === most ? money(least) : say('price.range', { least: money(least), most: money(most) });
}
