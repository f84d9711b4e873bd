/** Steering a line: open, pause, close; how many inside, how many a second. */

import { h, show } from '../screen/dom.js';
import { notice, refusal } from '../screen/notice.js';
import { once } from '../screen/once.js';
import { numberIn } from '../screen/number-field.js';
import { confirmation } from '../screen/sheet.js';
import { say } from '../screen/words.js';
import { askAsOperator, writer } from './asking.js';

const STATES = ['open', 'paused', 'closed', 'ended'];
// What turns fans away is asked about first.
const ASKED = new Set(['closed', 'ended']);
/** What may be set; an empty rate is no limit. */
export const CAPACITY = { most: 1_000_000 };
export const RATE = { decimal: true, least: 0.01, most: 1_000_000, empty: null };

function field(name, label, hint, onSubmit) {
  const input = h('input', {
    id: name,
    name,
    inputmode: 'decimal',
    autocomplete: 'off',
    'aria-describedby': `${name}-hint`,
  });
  const submit = once(() => onSubmit(input));
  // What is not understood is said at the field, in the page's words.
  const element = h(
    'form',
    { class: 'form', novalidate: true, onsubmit: submit },
    h('label', { for: name }, label),
    h('div', { class: 'field-row' }, input, h('button', { class: 'plain', type: 'submit' }, say('steer.set'))),
    h('p', { id: `${name}-hint`, class: 'soft' }, hint),
  );
  return { element, input };
}

/** Show what is in force, but never under the hands of somebody who types. */
function fill(input, value) {
  if (document.activeElement === input || value === undefined) return;
  input.value = value === null ? '' : String(value);
}

/** The controls of one concert's line. Returns `{element, refresh(settings), change(changes)}`; `onChange()` after every change. */
export function steering(concertId, onChange) {
  const messages = h('div');
  const write = writer();
  const change = async (changes) => {
    try {
      const { body } = await write('PATCH', `/v1/operator/concerts/${concertId}/queue`, { body: changes });
      show(messages, notice('good', say('steer.done')));
      refresh(body);
      onChange();
    } catch (error) {
      show(messages, refusal(error));
    }
  };
  let waiting = 0;
  const turn = async (state) => {
    const text = () => say(`steer.${state}.text`, { count: waiting });
    const sure = !ASKED.has(state) || (await confirmation(say(`steer.${state}.sure`), text(), say(`steer.${state}`)));
    if (sure) await change({ state });
  };
  // One guard for all of them: two presses in a row would be two states.
  let isTurning = false;
  const turnOnce = (state) =>
    once(async () => {
      if (isTurning) return;
      isTurning = true;
      await turn(state).finally(() => {
        isTurning = false;
      });
    });
  const buttons = STATES.map((state) =>
    h('button', { type: 'button', class: 'plain', onclick: turnOnce(state) }, say(`steer.${state}`)),
  );
  const set = (name, rules) => (input) => {
    const value = numberIn(input, rules);
    return value === undefined ? show(messages) : change({ [name]: value });
  };
  const capacity = field('capacity', say('steer.capacity'), say('steer.capacity.hint'), set('capacity', CAPACITY));
  const rate = field('rate', say('steer.rate'), say('steer.rate.hint'), set('admit_per_second', RATE));
  const refresh = ({ state, capacity: places, admit_per_second: perSecond, waiting: inLine }) => {
    waiting = inLine ?? waiting;
    STATES.forEach((one, index) => buttons[index].setAttribute('aria-pressed', String(one === state)));
    fill(capacity.input, places);
    fill(rate.input, perSecond);
  };
  const element = h(
    'div',
    { class: 'stack' },
    messages,
    h('div', { class: 'segments', role: 'group', 'aria-label': say('steer.state') }, buttons),
    h('div', { class: 'two' }, capacity.element, rate.element),
  );
  // The figures do not tell the rate; changing nothing does, and leaves no trace in the trail.
  askAsOperator('PATCH', `/v1/operator/concerts/${concertId}/queue`, { body: {} })
    .then(({ body }) => refresh(body))
    .catch((error) => show(messages, refusal(error)));
  return { element, refresh, change };
}
