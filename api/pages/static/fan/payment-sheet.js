/** Charging what is missing and paying, in one sheet and with one button. */

import { ask } from '../talk/http.js';
import { run } from '../talk/errand.js';
import { h, show } from '../screen/dom.js';
import { money } from '../screen/figures.js';
import { refusal, trouble } from '../screen/notice.js';
import { say } from '../screen/words.js';
import { patiently } from './patiently.js';
import { endsTurn } from './turn.js';

const MOST_AT_ONCE = 1_000_000;

function row(label, amount, kind = '') {
  return h('p', { class: `sheet-row ${kind}` }, h('span', null, label), h('b', null, money(amount)));
}

/** Charge `amount` in steps of what one charge may be. */
async function charge(amount, errand) {
  for (let left = amount; left > 0; left -= MOST_AT_ONCE) {
    const body = { amount: Math.min(left, MOST_AT_ONCE) };
    await run(`charge.${errand.concertId}`, { ...errand, path: '/v1/points/charges', body });
  }
}

function amountField(missing) {
  const input = h('input', {
    id: 'charge',
    type: 'number',
    inputmode: 'numeric',
    min: missing,
    step: 1,
    value: missing,
    required: true,
    'aria-describedby': 'charge-hint',
  });
  return {
    input,
    field: h(
      'div',
      { class: 'form' },
      h('label', { for: 'charge' }, say('pay.charge')),
      input,
      h('p', { id: 'charge-hint', class: 'soft' }, say('pay.charge.hint')),
    ),
  };
}

/** The sheet for a held `reservation`; `onPaid()` is called when it is paid. */
export function paymentSheet(reservation, { concertId, credential, signal, messages, onPaid }) {
  const body = h('div', { class: 'pay-body' });
  const button = h('button', { type: 'submit', class: 'strong wide' });
  const onTrouble = (problem) => show(messages, problem && trouble(problem, 'change'));
  const errand = { concertId, credential, signal, onTrouble };
  let busy = false;
  let field = null;

  const label = () => {
    const extra = field ? Number(field.value) : 0;
    button.textContent = field
      ? say('pay.charge-and-pay', { charge: money(extra), amount: money(reservation.amount) })
      : say('pay.pay', { amount: money(reservation.amount) });
  };
  const refresh = async () => {
    const answer = await patiently(() => ask('GET', '/v1/points', { credential, signal }), messages, signal);
    if (!answer) return;
    const { balance } = answer.body;
    const missing = Math.max(0, reservation.amount - balance);
    const asked = missing ? amountField(missing) : null;
    field = asked?.input ?? null;
    field?.addEventListener('input', label);
    show(
      body,
      row(say('pay.balance'), balance),
      row(say('pay.amount'), reservation.amount),
      missing ? row(say('pay.missing'), missing, 'sheet-missing') : row(say('pay.after'), balance - reservation.amount),
      asked?.field,
    );
    label();
  };
  const stage = (key) => {
    button.textContent = say(key);
  };
  const pay = async () => {
    if (field) {
      stage('pay.charging');
      await charge(Number(field.value), errand);
    }
    stage('pay.paying');
    const booking = await run(`pay.${concertId}`, {
      ...errand,
      path: '/v1/payments',
      body: { reservation_id: reservation.id },
    });
    if (booking) onPaid();
  };
  const onSubmit = async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    button.setAttribute('aria-disabled', 'true');
    show(messages);
    await pay().catch(async (error) => {
      if (signal.aborted || endsTurn(error)) return;
      if (error.code === 'already_paid') return onPaid();
      show(messages, refusal(error));
      await refresh().catch(() => {});
    });
    busy = false;
    button.removeAttribute('aria-disabled');
  };
  refresh().catch((error) => {
    if (!signal.aborted && !endsTurn(error)) show(messages, refusal(error));
  });
  return h(
    'form',
    { class: 'pay', onsubmit: onSubmit, 'aria-label': say('pay.title') },
    h('h2', null, say('pay.title')),
    body,
    button,
    h('p', { class: 'soft small-print' }, say('pay.terms')),
  );
}
