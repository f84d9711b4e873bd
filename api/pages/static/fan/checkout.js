/** Paying for held seats before the hold runs out. */

import { ask } from '../talk/http.js';
import { resume } from '../talk/errand.js';
import { dropHold, holdOf } from '../keep/holds.js';
import { dropPlace } from '../keep/places.js';
import { h, show } from '../screen/dom.js';
import { countdown } from '../screen/countdown.js';
import { money, seatName } from '../screen/figures.js';
import { notice } from '../screen/notice.js';
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

/** The hold is over while the fan looks: say it, and leave the next step to the fan. */
function ranOut(concertId, main, strip) {
  dropHold(concertId);
  const again = h('a', { class: 'strong', href: `/concerts/${concertId}/dates` }, say('checkout.again'));
  show(main, strip, h('h1', null, say('checkout.over')), notice('bad', say('checkout.over.text'), again));
}

/** Take up what a reload interrupted; the reservation then tells what came of it. */
async function finishErrands(concertId, credential, signal) {
  for (const name of ['charge', 'pay', 'release']) {
    await resume(`${name}.${concertId}`, { credential, signal }).catch((error) => {
      if (!error.code) throw error;
    });
  }
}

/** The checkout of what the fan holds at one concert. */
export async function checkout(main, params, signal) {
  const concertId = Number(params.concert);
  const hold = holdOf(concertId);
  if (!hold) return go(`/concerts/${concertId}/dates`, { replace: true });
  const turn = turnStrip(concertId, 'pay', signal);
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
  const onOver = () => ranOut(concertId, main, strip);
  const sheet = paymentSheet(reservation, {
    concertId,
    credential,
    signal,
    messages,
    onPaid: () => paid(concertId, reservation.id),
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
        countdown(reservation.expires_at, { label: say('checkout.left'), signal, onOver }),
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
      h('div', { class: 'checkout-pay' }, messages, sheet),
    ),
  );
}
