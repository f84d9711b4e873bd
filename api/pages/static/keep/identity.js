/** Who is signed in: kept for this tab only, and never put into an address. */

import { belongings, forgetOwner, noteOwner, ownerId } from './owner.js';
import { lasting, ofSession } from './storage.js';
import { forgetTickets } from './tickets.js';
import { isOver } from '../talk/clock.js';

const kept = ofSession('identity');
// Tells the other tabs; what is said is taken back at once.
const leaving = lasting('leaving');

/** What a JWT says, unverified: only for showing a name. Throws when it is no JWT. */
export function claimsOf(token) {
  const part = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
  const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

const UUID = /^\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?$/i;
const nameIn = (text) => (typeof text === 'string' && text.trim() && !UUID.test(text.trim()) ? text.trim() : null);

/** Keep `token` for this tab; `name` is what to call the fan. Throws when it is no JWT. */
export function signIn(token, name = null) {
  const { sub, exp, name: claimed } = claimsOf(token);
  const before = signedInId();
  // Ticket codes do not stay for the next person.
  if (before !== null && before !== sub) forgetTickets(before);
  kept.set('current', { token, userId: sub, name: name ?? nameIn(claimed) ?? nameIn(sub), expires: exp * 1000 });
  noteOwner(sub);
}

/** `{token, userId, name}` or null when nobody is signed in or the identity's time is over. */
export function identity() {
  const current = kept.get('current');
  return current && !isOver(current.expires) ? current : null;
}

/** The user id signed in in this tab, even when its identity has expired; null when nobody is. */
export const signedInId = () => kept.get('current')?.userId ?? null;

/** Sign out, in all tabs: nothing of theirs stays in this browser. */
export function forgetIdentity() {
  const userId = ownerId();
  for (const prefix of ['place', 'hold', 'errand']) belongings(prefix, userId).clear();
  forgetTickets(userId);
  kept.clear();
  forgetOwner(userId);
  leaving.set('current', userId);
  leaving.remove('current');
}

/** Call `signedOut()` when whoever is signed in here has signed out in another tab. */
export function whenSignedOutElsewhere(signedOut) {
  window.addEventListener('storage', ({ key, newValue }) => {
    if (key !== 'frontrow.leaving.current' || newValue === null) return;
    if (JSON.parse(newValue) !== kept.get('current')?.userId) return;
    forgetTickets(signedInId());
    kept.clear();
    signedOut();
  });
}
