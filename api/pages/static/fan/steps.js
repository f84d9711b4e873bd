/** Where on the way the fan is. */

import { h } from '../screen/dom.js';
import { say } from '../screen/words.js';

const STEPS = ['line', 'date', 'seats', 'pay'];

/** The four steps with the present one marked. */
export function steps(present) {
  const at = STEPS.indexOf(present);
  return h(
    'ol',
    { class: 'steps', 'aria-label': say('steps.label') },
    STEPS.map((step, index) =>
      h(
        'li',
        {
          class: index < at ? 'step step-done' : 'step',
          'aria-current': index === at ? 'step' : null,
        },
        h('span', { class: 'step-mark', 'aria-hidden': 'true' }, index < at ? '✓' : String(index + 1)),
        h('span', null, say(`steps.${step}`)),
      ),
    ),
  );
}
