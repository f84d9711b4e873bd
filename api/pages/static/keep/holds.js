/** Which reservation the owner holds of a concert, so that a reload finds it again. */

import { belongings } from './owner.js';

const kept = () => belongings('hold');

/** `{reservationId, performanceId}` or null. */
export const holdOf = (concertId) => kept().get(String(concertId));
export const keepHold = (concertId, reservation) =>
  kept().set(String(concertId), { reservationId: reservation.id, performanceId: reservation.performance_id });
export const dropHold = (concertId) => kept().remove(String(concertId));
