/** Whose this browser's memory is: what is kept belongs to one identity, and is neither shown to nor used by another. */

import { lasting, mapOf, nothing, ofSession } from './storage.js';

const session = ofSession('identity');
// Who was signed in last, in whatever tab: a closed tab takes the identity with it, and the place in line is still theirs.
const last = lasting('owner');

/** The user id of whoever is signed in in this tab, even when the identity's time is over; else of who was last. */
export const ownerId = () => session.get('current')?.userId ?? last.get('current') ?? null;

/** From now on a tab in which nobody is signed in is taken for theirs. */
export const noteOwner = (userId) => last.set('current', userId);

/** Nobody is at this browser any more, unless somebody else has signed in since. */
export function forgetOwner(userId) {
  if (last.get('current') === userId) last.remove('current');
}

/** What is kept lastingly of `owner` below `prefix`, as a map; one that keeps nothing when there is nobody. */
export const belongings = (prefix, owner = ownerId()) =>
  owner === null ? nothing : mapOf(`frontrow.${prefix}.${encodeURIComponent(owner)}/`, () => window.localStorage);
