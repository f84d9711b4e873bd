/** Which reservation the fan holds of a concert, so that a reload finds it again. */

import { lasting } from './storage.js';

const kept = lasting('hold');

/** `{reservationId, performanceId}` or null. */
export const holdOf = (concertId) => kept.get(String(concertId));
export const keepHold = (concertId, reservation) =>
  kept.set(String(concertId), { reservationId: reservation.id, performanceId: reservation.performance_id });
export const dropHold = (concertId) => kept.remove(String(concertId));
export const forgetHolds = () => kept.clear();
