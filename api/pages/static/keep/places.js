/** The fan's places in line, by concert: they outlive the tab, as the fan's place does. */

import { lasting } from './storage.js';

const kept = lasting('place');

/** `{token, userId, firstPosition, furthest, issuedAt}` of the place the fan has at the concert, or null. */
export function placeAt(concertId) {
  const place = kept.get(String(concertId));
  return place?.over ? null : place;
}

/** Keep the *QueueToken* that `queue_token.issue` answered. */
export function keepPlace(concertId, { token, user_id: userId, position, issued_at: issuedAt }) {
  const before = placeAt(concertId);
  const same = before?.token === token ? before : {};
  kept.set(String(concertId), { firstPosition: position, furthest: 0, ...same, token, userId, issuedAt });
}

/** Note how far the line has moved, 0 to 1; returns the furthest so far, as a bar must never go back. */
export function noteProgress(concertId, position) {
  const place = placeAt(concertId);
  if (!place) return 0;
  const first = Math.max(place.firstPosition ?? position ?? 1, position ?? 1);
  const reached = position === null ? 1 : 1 - position / (first + 1);
  const furthest = Math.max(place.furthest ?? 0, reached);
  kept.set(String(concertId), { ...place, firstPosition: first, furthest });
  return furthest;
}

/** The place is used up or lost; its token is kept, as it still proves whose bookings they are. */
export function dropPlace(concertId) {
  const place = kept.get(String(concertId));
  if (place) kept.set(String(concertId), { ...place, over: true });
}

export const forgetPlaces = () => kept.clear();

/** The newest queue token of all, which proves who the fan is when the tab's identity is gone. */
export function newestToken(userId = null) {
  const all = kept
    .keys()
    .map((key) => kept.get(key))
    .filter((place) => place && (!userId || place.userId === userId));
  all.sort((one, other) => (one.issuedAt < other.issuedAt ? 1 : -1));
  return all[0]?.token ?? null;
}
