/** Giving a payment back. */

import { h, show } from '../screen/dom.js';
import { money } from '../screen/figures.js';
import { notice, refusal } from '../screen/notice.js';
import { once } from '../screen/once.js';
import { confirmation } from '../screen/sheet.js';
import { say } from '../screen/words.js';
import { Problem } from '../talk/problem.js';
import { aboutBooking } from './about.js';
import { askAsOperator, runAsOperator } from './asking.js';
import { panel } from './panel.js';

/** Show whose payment `id` is and what it bought, as it is now, and ask. */
async function isSure(id, signal) {
  const { body: bought } = await askAsOperator('GET', `/v1/operator/payments/${id}`, { signal });
  if (bought.status === 'refunded') throw new Problem('already_refunded');
  const text = [aboutBooking(bought), h('p', null, say('refund.sure.text'))];
  return confirmation(say('refund.sure', { id }), text, say('refund.do'));
}

/** Ask, refund payment `id`, and tell what came of it in `messages`; resolves to whether it was refunded. */
export async function refund(id, messages, signal) {
  show(messages);
  try {
    if (!(await isSure(id, signal))) return false;
    const payment = await runAsOperator(`refund.${id}`, { path: `/v1/operator/payments/${id}/refund`, signal });
    show(messages, notice('good', say('refund.done', { id, amount: money(payment.amount), user: payment.user_id })));
    return true;
  } catch (error) {
    show(messages, refusal(error));
    return false;
  }
}

/** The panel with the form; `onDeed()` after every refund. */
export function refunds(signal, onDeed) {
  const messages = h('div');
  const onSubmit = once(async (event) => {
    if (await refund(new FormData(event.target).get('payment'), messages, signal)) onDeed();
  });
  return panel(
    say('refund.title'),
    messages,
    h(
      'form',
      { class: 'form', onsubmit: onSubmit },
      h('label', { for: 'payment' }, say('refund.payment')),
      h(
        'div',
        { class: 'field-row' },
        h('input', {
          id: 'payment',
          name: 'payment',
          inputmode: 'numeric',
          pattern: '[0-9]+',
          required: true,
          'aria-describedby': 'payment-hint',
        }),
        h('button', { class: 'plain', type: 'submit' }, say('refund.do')),
      ),
      h('p', { id: 'payment-hint', class: 'soft' }, say('refund.hint')),
    ),
  );
}
