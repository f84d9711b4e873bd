/** One ticket, with the code that the door reads. */

import { configuration } from '../keep/configuration.js';
import { signedInId } from '../keep/identity.js';
import { bookingsSeenBy, codeSeenBy, dropCode, keepCode } from '../keep/tickets.js';
import { ask } from '../talk/http.js';
import { h, show } from '../screen/dom.js';
import { day, dayAndTime, money, time } from '../screen/figures.js';
import { notice } from '../screen/notice.js';
import { go } from '../screen/router.js';
import { say } from '../screen/words.js';
import { takeFlash } from './flash.js';
import { patiently } from './patiently.js';
import { lastSeen, orSeen, readBookings, signInAgain, ticketsOwner } from './tickets.js';

const PATIENCE_MS = 15000;
// The service says that there is no such code, or not any more; everything else passes.
const GONE = [403, 404, 409];

/** The drawn code as the service gives it to the fan alone; as it was last seen where it cannot be had now. */
async function readCode(owner, reservationId, signal) {
  const headers = { Authorization: `Bearer ${owner.token}` };
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const answer = await fetch(`/tickets/${reservationId}/code.svg`, { headers, signal: limit });
    if (GONE.includes(answer.status)) {
      dropCode(owner.userId, reservationId);
      return null;
    }
    if (!answer.ok) return codeSeenBy(owner.userId, reservationId);
    const svg = await answer.text();
    if (signedInId() === owner.userId) keepCode(owner.userId, reservationId, svg);
    return svg;
  } catch {
    return codeSeenBy(owner.userId, reservationId);
  }
}

function showCode(image, svg, signal) {
  if (!svg) return show(image, h('p', { class: 'soft' }, say('ticket.no-code')));
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  signal.addEventListener('abort', () => URL.revokeObjectURL(address), { once: true });
  return show(image, h('img', { src: address, alt: say('ticket.code'), width: 232, height: 232 }));
}

const fact = (label, value) => h('div', null, h('dt', null, label), h('dd', null, value));
const seatFact = (seat) =>
  h(
    'li',
    null,
    h('b', null, seat.section),
    h('span', null, say('ticket.seat', { row: String(seat.row), number: String(seat.number) })),
  );

function stub(booking, image) {
  const { concert, performance } = booking;
  return h(
    'article',
    { class: 'ticket' },
    h(
      'div',
      { class: 'ticket-main' },
      h('p', { class: 'ticket-day' }, day(performance.starts_at, concert.timezone)),
      h('h1', null, concert.title),
      h('p', { class: 'lead' }, concert.venue),
      h(
        'dl',
        { class: 'ticket-facts' },
        fact(say('ticket.starts'), time(performance.starts_at, concert.timezone)),
        booking.holder ? fact(say('ticket.holder'), booking.holder) : null,
        fact(say('ticket.amount'), money(booking.amount)),
        fact(say('ticket.number'), String(booking.payment_id)),
      ),
      h('h2', { class: 'unseen' }, say('choice.chosen')),
      h('ul', { class: 'ticket-seats' }, booking.seats.map(seatFact)),
    ),
    h('div', { class: 'ticket-code' }, image, h('p', { class: 'soft' }, say('ticket.show'))),
  );
}

/** A reservation that is no booking: refunded, or not paid at all. */
async function noTicket(main, reservationId, owner, signal) {
  const { body } = await ask('GET', `/v1/reservations/${reservationId}`, { credential: owner.token, signal });
  const refunded = body.status === 'refunded';
  return show(
    main,
    h('h1', null, say('title.ticket')),
    notice(
      'calm',
      say(refunded ? 'ticket.refunded' : 'ticket.none'),
      h('a', { class: 'plain', href: '/tickets' }, say('title.tickets')),
    ),
  );
}

/** Show a ticket below `message`; returns the element for its code. */
function showTicket(main, booking, message) {
  const what = `${booking.concert.title}, ${dayAndTime(booking.performance.starts_at, booking.concert.timezone)}`;
  document.title = `${what} · ${configuration.service_name}`;
  const image = h('div', { class: 'code' });
  show(
    main,
    message,
    stub(booking, image),
    h(
      'div',
      { class: 'row ticket-actions' },
      h('button', { type: 'button', class: 'plain', onclick: () => window.print() }, say('ticket.print')),
      h('a', { class: 'quiet', href: '/tickets' }, say('ticket.all')),
    ),
  );
  return image;
}

/** The ticket of one reservation. */
export async function ticket(main, params, signal) {
  const reservationId = Number(params.reservation);
  const owner = ticketsOwner();
  if (!owner) return go(`/signin?to=/tickets/${reservationId}`, { replace: true });
  const flash = takeFlash();
  show(main, flash, h('p', { class: 'busy' }, say('loading')));
  const wanted = (bookings) => bookings.find((one) => one.reservation_id === reservationId);
  const codeSeen = () => codeSeenBy(owner.userId, reservationId);
  const meanwhile = (...actions) => {
    const seen = bookingsSeenBy(owner.userId);
    const booking = wanted(seen?.items ?? []);
    if (booking) showCode(showTicket(main, booking, lastSeen(seen.at, ...actions)), codeSeen(), signal);
    return booking;
  };
  const path = `/tickets/${reservationId}`;
  if (!owner.token) return meanwhile(signInAgain(path)) ? undefined : go(`/signin?to=${path}`, { replace: true });
  const bookings = await patiently(() => readBookings(owner, signal), main, signal, meanwhile).catch(
    orSeen(() => meanwhile(signInAgain(path))),
  );
  if (!bookings) return undefined;
  const booking = wanted(bookings);
  if (!booking) return noTicket(main, reservationId, owner, signal);
  const image = showTicket(main, booking, flash);
  if (codeSeen()) showCode(image, codeSeen(), signal);
  const svg = await readCode(owner, reservationId, signal);
  return signal.aborted ? undefined : showCode(image, svg, signal);
}
