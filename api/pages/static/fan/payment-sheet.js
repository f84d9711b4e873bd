/** Charging what is missing and paying, in one sheet and with one button. */

import { ask } from '../talk/http.js';
import { resume, run } from '../talk/errand.js';
import { h, show } from '../screen/dom.js';
import { money, seatNames } from '../screen/figures.js';
import { notice, refusal, trouble } from '../screen/notice.js';
import { numberIn, wholeIn } from '../screen/number-field.js';
import { confirmation } from '../screen/sheet.js';
import { say } from '../screen/words.js';
import { patiently } from './patiently.js';
import { endsTurn } from './turn.js';

const MOST_AT_ONCE = 1_000_000;

function row(label, amount, kind = '') {
  return h('p', { class: `sheet-row ${kind}` }, h('span', null, label), h('b', null, money(amount)));
}

/** Charge exactly `amount`, once. Resolves to null when the fan has left meanwhile. */
const charge = (amount, errand) =>
  run(`charge.${errand.concertId}`, { ...errand, path: '/v1/points/charges', body: { amount } });

/** Whether the fan wants to charge that much more than is missing. */
const isMeant = (amount, missing) =>
  confirmation(
    say('pay.more.title', { amount: money(amount) }),
    say('pay.more.text', { missing: money(missing), more: money(amount - missing) }),
    say('pay.more.yes', { amount: money(amount) }),
  );

function amountField(missing) {
  const input = h('input', {
    id: 'charge',
    inputmode: 'numeric',
    autocomplete: 'off',
    value: Math.min(missing, MOST_AT_ONCE),
    'aria-describedby': 'charge-hint',
  });
  return {
    input,
    field: h(
      'div',
      { class: 'form' },
      h('label', { for: 'charge' }, say('pay.charge')),
      input,
      h(
        'p',
        { id: 'charge-hint', class: 'soft' },
        say(missing > MOST_AT_ONCE ? 'pay.charge.parts' : 'pay.charge.hint', { most: money(MOST_AT_ONCE) }),
      ),
    ),
  };
}

/**
 * The sheet for a held `reservation`: `{element, isBusy}`; `onPaid()` is called when it is paid. What is under way can be
 * given up: it is not waited for any more, and stays written down.
 */
export function paymentSheet(reservation, { concertId, credential, signal, messages, onPaid }) {
  const body = h('div', { class: 'pay-body' });
  const button = h('button', { type: 'submit', class: 'strong wide' });
  let waiting = new AbortController();
  const giveUp = () => h('button', { type: 'button', class: 'plain', onclick: () => waiting.abort() }, say('pay.stop'));
  const onTrouble = (problem) => show(messages, problem && trouble(problem, 'change', giveUp()));
  const errandNow = () => ({ concertId, credential, signal: AbortSignal.any([signal, waiting.signal]), onTrouble });
  let busy = false;
  let field = null;
  let missing = 0;

  const label = () => {
    const typed = field && wholeIn(field.value);
    const key = !field ? 'pay.pay' : typed === null ? 'pay.charge-first' : typed < missing ? 'pay.charge-part' : 'pay.charge-and-pay';
    button.textContent = say(key, { charge: money(typed ?? 0), amount: money(reservation.amount) });
  };
  const refresh = async () => {
    const answer = await patiently(() => ask('GET', '/v1/points', { credential, signal }), messages, signal);
    if (!answer) return;
    const { balance } = answer.body;
    missing = Math.max(0, reservation.amount - balance);
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
    // A payment whose outcome is not known comes first: it may have been made, and nothing is missing then.
    const earlier = await resume(`pay.${concertId}`, errandNow());
    if (earlier) return onPaid();
    if (signal.aborted || waiting.signal.aborted) return undefined;
    if (field) {
      const amount = numberIn(field, { least: Math.min(missing, MOST_AT_ONCE), most: MOST_AT_ONCE });
      if (amount === undefined || (amount > missing && !(await isMeant(amount, missing)))) return label();
      stage('pay.charging');
      if (!(await charge(amount, errandNow()))) return undefined;
      // What is still missing is charged with another press.
      if (amount < missing) return refresh();
    }
    stage('pay.paying');
    const booking = await run(`pay.${concertId}`, {
      ...errandNow(),
      path: '/v1/payments',
      body: { reservation_id: reservation.id },
    });
    return booking ? onPaid() : undefined;
  };
  const onSubmit = async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    waiting = new AbortController();
    button.setAttribute('aria-disabled', 'true');
    show(messages);
    await pay().catch(async (error) => {
      if (signal.aborted || endsTurn(error)) return;
      if (error.code === 'already_paid') return onPaid();
      show(messages, refusal(error));
      if (error.code === 'unknown_outcome') stage('pay.ask');
      else await refresh().catch(() => {});
    });
    if (waiting.signal.aborted && !signal.aborted) {
      show(messages, notice('calm', say('pay.stopped')));
      stage('pay.ask');
    }
    busy = false;
    button.removeAttribute('aria-disabled');
  };
  refresh().catch((error) => {
    if (!signal.aborted && !endsTurn(error)) show(messages, refusal(error));
  });
  const element = h(
    'form',
    { class: 'pay', novalidate: true, onsubmit: onSubmit, 'aria-label': say('pay.title') },
    h('h2', null, say('pay.title')),
    h('p', null, seatNames(reservation.seats)),
    body,
    button,
    h('p', { class: 'soft small-print' }, say('pay.terms')),
  );
  return { element, isBusy: () => busy };
}
