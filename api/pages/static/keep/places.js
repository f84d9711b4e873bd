/** The owner's places in line, by concert: they outlive the tab, as the fan's place does. */

import { belongings, noteOwner } from './owner.js';

const kept = () => belongings('place');

/** `{token, firstPosition, furthest}` of the place the owner has at the concert, or null. */
export const placeAt = (concertId) => kept().get(String(concertId));

/** Keep the *QueueToken* that `queue_token.issue` answered, as its fan's. */
export function keepPlace(concertId, { token, user_id: userId, position }) {
  const theirs = belongings('place', userId);
  const before = theirs.get(String(concertId));
  const same = before?.token === token ? before : {};
  theirs.set(String(concertId), { firstPosition: position, furthest: 0, ...same, token });
  noteOwner(userId);
}

/** Note how far the line has moved, 0 to 1; returns the furthest so far, as a bar must never go back. */
export function noteProgress(concertId, position) {
  const place = placeAt(concertId);
  if (!place) return 0;
  const first = Math.max(place.firstPosition ?? position ?? 1, position ?? 1);
  const reached = position === null ? 1 : 1 - position / (first + 1);
  const furthest = Math.max(place.furthest ?? 0, reached);
  kept().set(String(concertId), { ...place, firstPosition: first, furthest });
  return furthest;
}

/** The place is used up or lost. */
export const dropPlace = (concertId) => kept().remove(String(concertId));
