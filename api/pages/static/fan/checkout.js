/** Paying for held seats before the hold runs out. */

import { whenElsewhere } from '../talk/elsewhere.js';
import { ask } from '../talk/http.js';
import { keepAsking } from '../talk/polling.js';
import { resume } from '../talk/errand.js';
import { dropHold, holdOf } from '../keep/holds.js';
import { dropPlace } from '../keep/places.js';
import { h, show } from '../screen/dom.js';
import { countdown } from '../screen/countdown.js';
import { money, seatName } from '../screen/figures.js';
import { notice, trouble } from '../screen/notice.js';
import { go } from '../screen/router.js';
import { say } from '../screen/words.js';
import { flash, flashProblem } from './flash.js';
import { giveBack } from './own-hold.js';
import { patiently } from './patiently.js';
import { paymentSheet } from './payment-sheet.js';
import { turnStrip } from './turn-strip.js';
import { endsTurn } from './turn.js';

function bill(reservation) {
  const line = (seat) => h('li', null, h('span', null, seatName(seat)), h('span', null, money(seat.price)));
  return h(
    'section',
    { class: 'bill', 'aria-label': say('checkout.bill') },
    h('ul', { class: 'plain-list' }, reservation.seats.map(line)),
    h('p', { class: 'bill-total' }, h('span', null, say('checkout.total')), h('b', null, money(reservation.amount))),
  );
}

function paid(concertId, reservationId) {
  dropHold(concertId);
  dropPlace(concertId);
  flash('good', 'ticket.paid');
  go(`/tickets/${reservationId}`, { replace: true });
}

function lost(concertId, reason) {
  dropHold(concertId);
  if (reason) flashProblem(reason);
  go(`/concerts/${concertId}/dates`, { replace: true });
}

/** The hold is over, as the service says: say it, and leave the next step to the fan. */
function ranOut(concertId, main, strip) {
  dropHold(concertId);
  const again = h('a', { class: 'strong', href: `/concerts/${concertId}/dates` }, say('checkout.again'));
  show(main, strip, h('h1', null, say('checkout.over')), notice('bad', say('checkout.over.text'), again));
}

const ERRANDS = ['charge', 'pay', 'release'];

/** Take up what a reload interrupted or another tab began; the reservation then tells what came of it. */
async function finishErrands(concertId, credential, signal) {
  for (const name of ERRANDS) {
    await resume(`${name}.${concertId}`, { credential, signal }).catch((error) => {
      if (!error.code) throw error;
    });
  }
}

/** The hold's time is over by the clock: ask until the service says what came of it, which a payment may decide yet. */
async function settled(reservation, credential, main, signal) {
  let found = null;
  const path = `/v1/reservations/${reservation.id}`;
  await keepAsking(
    async () => {
      found = (await ask('GET', path, { credential, signal })).body;
      return found.status === 'held' ? 1 : null;
    },
    { signal, onTrouble: (problem) => problem && main.prepend(trouble(problem, 'turn')) },
  );
  return found;
}

/** The checkout of what the fan holds at one concert. */
export async function checkout(main, params, signal) {
  const concertId = Number(params.concert);
  const hold = holdOf(concertId);
  if (!hold) return go(`/concerts/${concertId}/dates`, { replace: true });
  const turn = turnStrip(concertId, 'pay', signal, hold.performanceId);
  if (!turn) return undefined;
  const { strip, credential } = turn;
  show(main, strip, h('h1', null, say('checkout.title')), h('p', { class: 'busy', role: 'status' }, say('loading')));
  await finishErrands(concertId, credential, signal);
  const answer = await patiently(
    () => ask('GET', `/v1/reservations/${hold.reservationId}`, { credential, signal }),
    main,
    signal,
  ).catch((error) => {
    if (!endsTurn(error)) lost(concertId, error);
  });
  if (!answer || signal.aborted) return undefined;
  const reservation = answer.body;
  if (reservation.status === 'confirmed') return paid(concertId, reservation.id);
  if (reservation.status === 'expired') return ranOut(concertId, main, strip);
  if (reservation.status !== 'held') return lost(concertId, null);
  const messages = h('div');
  const onOver = async () => {
    const busy = h('p', { class: 'busy', role: 'status' }, say('checkout.over.asking'));
    show(messages, busy);
    const found = await settled(reservation, credential, main, signal).catch(() => null);
    if (signal.aborted) return;
    if (found?.status === 'confirmed') paid(concertId, reservation.id);
    else if (found?.status === 'expired') ranOut(concertId, main, strip);
    else lost(concertId, null);
  };
  const sheet = paymentSheet(reservation, {
    concertId,
    credential,
    signal,
    messages,
    onPaid: () => paid(concertId, reservation.id),
  });
  const names = [['hold', String(concertId)], ...ERRANDS.map((name) => ['errand', `${name}.${concertId}`])];
  // Another tab pays, charges or gives back: this one shows what comes of it, unless it is at it itself.
  whenElsewhere(names, signal, async () => {
    if (sheet.isBusy()) return;
    const found = await ask('GET', `/v1/reservations/${reservation.id}`, { credential, signal }).catch(() => null);
    if (signal.aborted) return;
    if (found?.body.status === 'confirmed') paid(concertId, reservation.id);
    else go(location.pathname, { replace: true });
  });
  return show(
    main,
    strip,
    h(
      'div',
      { class: 'checkout' },
      h(
        'div',
        { class: 'checkout-bill' },
        h('h1', null, say('checkout.title')),
        bill(reservation),
        h(
          'div',
          { class: 'row' },
          h(
            'a',
            { class: 'plain', href: `/concerts/${concertId}/seats/${reservation.performance_id}` },
            say('checkout.change'),
          ),
          giveBack(concertId, reservation, { credential, signal, messages }),
        ),
      ),
      h(
        'div',
        { class: 'checkout-pay' },
        countdown(reservation.expires_at, { label: say('checkout.left'), signal, onOver }),
        messages,
        sheet.element,
      ),
    ),
  );
}
