/** The operator who is signed in: kept for this tab only, apart from any fan's identity. */

import { claimsOf } from './identity.js';
import { ofSession } from './storage.js';
import { isOver } from '../talk/clock.js';

const kept = ofSession('operator');

/** Whatever else a tab keeps for its operator; it goes when they sign out. */
export const operatorsMap = kept;

/** Keep `token` for this tab. Throws when it is no JWT. */
export function signInOperator(token) {
  const { sub, exp } = claimsOf(token);
  kept.set('current', { token, userId: sub, expires: exp * 1000 });
}

/** `{token, userId}` or null when no operator is signed in or the identity's time is over. */
export function operator() {
  const current = kept.get('current');
  return current && !isOver(current.expires) ? current : null;
}

export const forgetOperator = () => kept.clear();
