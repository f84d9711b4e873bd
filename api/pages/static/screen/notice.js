/** Short messages above the page's content: trouble that passes, refusals, good news. */

import { h } from './dom.js';
import { sentence } from './sentence.js';
import { say } from './words.js';
import { Problem } from '../talk/problem.js';

const SIGNS = { bad: '!', good: '✓', calm: '…' };

/** A message in a box; `kind` is `bad`, `good` or `calm`, `actions` are buttons below the text. */
export function notice(kind, text, ...actions) {
  return h(
    'div',
    { class: `notice notice-${kind}`, role: kind === 'bad' ? 'alert' : 'status' },
    h('span', { class: 'notice-sign', 'aria-hidden': 'true' }, SIGNS[kind]),
    h('div', { class: 'notice-body' }, h('p', null, text), actions.length ? h('div', { class: 'row' }, actions) : null),
  );
}

/** The notice of an error. */
export const refusal = (error, ...actions) => notice('bad', sentence(error), ...actions);

/** What to tell while waiting for trouble to pass; `what` it holds up is a `place`, a `change` or `reading`. */
export function trouble(problem, what = 'reading') {
  if (!(problem instanceof Problem)) return refusal(problem);
  if (problem.code === 'busy') return notice('calm', say(`trouble.busy.${what}`));
  return notice('calm', problem.code === 'offline' ? say('trouble.offline') : say('trouble.busy'));
}
