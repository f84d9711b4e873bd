/** Short messages above the page's content: trouble that passes, refusals, good news. */

import { h } from './dom.js';
import { fieldFault } from './field-fault.js';
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

/** The notice of an error, with each field that the service found unfit. */
export function refusal(error, ...actions) {
  const box = notice('bad', sentence(error), ...actions);
  const faults = (error.members?.errors ?? []).map((fault) => h('li', null, fieldFault(fault)));
  if (faults.length) box.querySelector('p').after(h('ul', null, faults));
  return box;
}

/**
 * What to tell while waiting for trouble to pass; `what` it holds up is a `place` in line, a `turn`, a `change` or
 * `reading`. Only a place is safe meanwhile.
 */
export function trouble(problem, what = 'reading', ...actions) {
  if (!(problem instanceof Problem)) return refusal(problem);
  const kind = { busy: 'busy', offline: 'offline' }[problem.code];
  return notice('calm', say(kind ? `trouble.${kind}.${what}` : 'trouble.busy'), ...actions);
}
