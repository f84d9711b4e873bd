/** A Problem as a sentence a person understands. */

import { isAmount, money } from './figures.js';
import { figure, isSaid, say } from './words.js';
import { Problem } from '../talk/problem.js';

function readable(members) {
  const entries = Object.entries(members).filter(([, value]) => ['number', 'string'].includes(typeof value));
  const text = (name, number) => (isAmount(name) ? money(number) : figure(number));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'number' ? text(name, value) : value]),
  );
}

/** The sentence of `error`; an unknown code reads as a fault of ours, never as the code. */
export function sentence(error) {
  const reason = `reason.${error.members?.reason}`;
  if (isSaid(reason)) return say(reason);
  const code = error instanceof Problem ? error.code : 'internal_error';
  const key = isSaid(`problem.${code}`) ? `problem.${code}` : 'problem.internal_error';
  return say(key, readable(error.members ?? {}));
}
