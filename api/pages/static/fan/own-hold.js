/** What the fan holds at a concert while they choose: shown, paid for, changed or given back knowingly. */

import { ask } from '../talk/http.js';
import { run } from '../talk/errand.js';
import { dropHold, holdOf } from '../keep/holds.js';
import { countdown } from '../screen/countdown.js';
import { h, show } from '../screen/dom.js';
import { seatNames } from '../screen/figures.js';
import { notice, refusal } from '../screen/notice.js';
import { go } from '../screen/router.js';
import { say } from '../screen/words.js';
import { flash } from './flash.js';
import { patiently } from './patiently.js';
import { endsTurn } from './turn.js';

/** The *Reservation* that the fan holds at a concert, or null; what is over is forgotten. */
export async function ownHold(concertId, credential, main, signal) {
  const kept = holdOf(concertId);
  if (!kept) return null;
  const read = () => ask('GET', `/v1/reservations/${kept.reservationId}`, { credential, signal });
  const answer = await patiently(read, main, signal).catch((error) => {
    if (signal.aborted || endsTurn(error)) throw error;
  });
  if (signal.aborted) return null;
  if (answer?.body.status === 'held') return answer.body;
  // Paid in another tab: the checkout shows the ticket.
  if (answer?.body.status === 'confirmed') go(`/concerts/${concertId}/checkout`, { replace: true });
  else dropHold(concertId);
  return null;
}

/** A button that gives held seats back and leads to the dates; `messages` tell why it could not. */
export function giveBack(concertId, reservation, { credential, signal, messages }) {
  let busy = false;
  const release = async () => {
    if (busy) return;
    busy = true;
    try {
      const path = `/v1/reservations/${reservation.id}`;
      const done = await run(`release.${concertId}`, { method: 'DELETE', path, credential, signal });
      if (!done) return;
      dropHold(concertId);
      flash('good', 'hold.given-back');
      go(`/concerts/${concertId}/dates`, { replace: true });
    } catch (error) {
      if (!signal.aborted) show(messages, refusal(error));
    } finally {
      busy = false;
    }
  };
  return h('button', { type: 'button', class: 'plain', onclick: release }, say('hold.give-back'));
}

/** A box that says what is held, for how long, and what can be done about it. */
export function ownNotice(concertId, performanceId, reservation, { credential, signal, messages }) {
  const names = seatNames(reservation.seats);
  const text = say(reservation.performance_id === performanceId ? 'hold.own' : 'hold.own.other-date', { names });
  const onOver = () => {
    dropHold(concertId);
    flash('bad', 'hold.over');
    go(`/concerts/${concertId}/seats/${performanceId}`, { replace: true });
  };
  const pay = h('a', { class: 'strong', href: `/concerts/${concertId}/checkout` }, say('hold.pay'));
  const box = notice('calm', text, pay, giveBack(concertId, reservation, { credential, signal, messages }));
  box.classList.add('own-hold');
  box.append(countdown(reservation.expires_at, { label: say('checkout.left'), signal, onOver }));
  return box;
}
