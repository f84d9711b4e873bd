/** Who is signed in: kept for this tab only, and never put into an address. */

import { ofSession } from './storage.js';

const kept = ofSession('identity');

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
  kept.set('current', { token, userId: sub, name: name ?? nameIn(claimed) ?? nameIn(sub), expires: exp * 1000 });
}

/** `{token, userId, name}` or null when nobody is signed in or the identity's time is over. */
export function identity() {
  const current = kept.get('current');
  return current && current.expires > Date.now() ? current : null;
}

export const forgetIdentity = () => kept.clear();
