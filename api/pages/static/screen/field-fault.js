/** What the service found wrong in what was filled in, at which field, in the reader's language. */

import { figure, isSaid, say } from './words.js';

/** Where it is: `/performances/1/sections/0/price` is "date 2, section 1, price". */
function place(pointer) {
  const steps = pointer.replace('?', '/').split('/').slice(1);
  return steps
    .map((step, index) => {
      if (/^\d+$/.test(step)) return say(`field.nth.${steps[index - 1]}`, { number: Number(step) + 1 });
      // A list is named with its number.
      if (/^\d+$/.test(steps[index + 1] ?? '')) return null;
      return isSaid(`field.at.${step}`) ? say(`field.at.${step}`) : step;
    })
    .filter(Boolean)
    .join(', ');
}

/** One fault of a 422, `{pointer, detail, type, limit?}`, as a sentence. */
export function fieldFault({ pointer, type, limit }) {
  const key = isSaid(`field.${type}`) ? `field.${type}` : 'field.unfit';
  const where = place(pointer) || say('field.at.all');
  return say(key, { where, limit: typeof limit === 'number' ? figure(limit) : limit });
}
