/** All seats of a performance, read page by page, and read again a little at a time while the fan looks. */

import { ask } from '../talk/http.js';
import { keepAsking } from '../talk/polling.js';
import { configuration } from '../keep/configuration.js';

const PAGES_A_TIME = 2;

const address = (performanceId, cursor) =>
  `/v1/performances/${performanceId}/seats?limit=500${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;

/** What a seat is to the fan: what they hold themselves (`mine`, ids), they can have. */
const statusFor = (mine, { id, status }) => (mine.has(id) ? 'available' : status);

/**
 * Read every page, going on patiently where the server is busy. Resolves to `[{cursor, seats}]`, to null when `signal`
 * aborted; `onPage(count)` tells how many seats are there so far. `mine` are the ids of the seats that the fan holds.
 */
export async function readAll(performanceId, { credential, mine, signal, onPage, onTrouble }) {
  const pages = [];
  let cursor = null;
  let count = 0;
  await keepAsking(
    async () => {
      const { body } = await ask('GET', address(performanceId, cursor), { credential, signal });
      for (const seat of body.items) seat.status = statusFor(mine, seat);
      pages.push({ cursor, seats: body.items });
      count += body.items.length;
      onPage(count);
      cursor = body.next_cursor;
      return cursor === null ? null : 0;
    },
    { signal, onTrouble },
  );
  return signal.aborted ? null : pages;
}

/** Take over the statuses of `items` into `page.seats`; returns the seats that changed. */
function takeOver(page, items, mine) {
  const byId = new Map(page.seats.map((seat) => [seat.id, seat]));
  const changed = [];
  for (const item of items) {
    const seat = byId.get(item.id);
    const status = statusFor(mine, item);
    if (!seat || seat.status === status) continue;
    seat.status = status;
    changed.push(seat);
  }
  return changed;
}

/**
 * Keep `pages` fresh until `signal` aborts: at each poll interval the next two, those that `inSight(page)` first, so
 * that a hall of 10,000 costs the server no more than one of 1,000. `onChange(seats)` gets what changed.
 */
export function keepFresh(performanceId, pages, { credential, mine, signal, inSight, onChange }) {
  const waiting = [...pages];
  const question = async () => {
    waiting.sort((one, other) => inSight(other) - inSight(one) || one.read - other.read);
    for (const page of waiting.slice(0, PAGES_A_TIME)) {
      const { body } = await ask('GET', address(performanceId, page.cursor), { credential, signal });
      page.read = performance.now();
      const changed = takeOver(page, body.items, mine);
      if (changed.length) onChange(changed);
    }
    return configuration.poll_after_seconds;
  };
  for (const page of pages) page.read = performance.now();
  return keepAsking(question, { signal });
}
