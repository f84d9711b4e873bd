/**
 * Tickets as their fan last saw them in this tab, so that they open at the door without a network. A code opens a door,
 * so it goes with the tab, as the identity does, and the next person does not find it.
 */

import { mapOf } from './storage.js';

const LIST = 'bookings';
const codeKey = (reservationId) => `code.${reservationId}`;
const keptOf = (userId) => mapOf(`frontrow.ticket.${encodeURIComponent(userId)}/`, () => window.sessionStorage);

/** A convenience, never a must: where there is no room for it nothing is kept, least of all half of it. */
function put(kept, key, value) {
  try {
    kept.set(key, value);
  } catch {
    kept.clear();
  }
}

/** Keep the *Bookings* that the service told `userId` of at the moment `at`; codes of any others are forgotten. */
export function keepBookings(userId, items, at) {
  const kept = keptOf(userId);
  const known = new Set([LIST, ...items.map((one) => codeKey(one.reservation_id))]);
  for (const key of kept.keys()) if (!known.has(key)) kept.remove(key);
  put(kept, LIST, { at, items });
}

/** `{at, items}` as `userId` was last told, or null. */
export const bookingsSeenBy = (userId) => keptOf(userId).get(LIST);

/** Keep the drawn code of a ticket, the text of an SVG. */
export const keepCode = (userId, reservationId, svg) => put(keptOf(userId), codeKey(reservationId), svg);
export const dropCode = (userId, reservationId) => keptOf(userId).remove(codeKey(reservationId));
export const codeSeenBy = (userId, reservationId) => keptOf(userId).get(codeKey(reservationId));

/** Forget what was kept of `userId`. */
export const forgetTickets = (userId) => keptOf(userId).clear();
