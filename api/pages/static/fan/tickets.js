/** The fan's tickets and points. */

import { ask, askAll } from '../talk/http.js';
import { identity, signedInId } from '../keep/identity.js';
import { keepPages } from '../keep/offline.js';
import { bookingsSeenBy, keepBookings } from '../keep/tickets.js';
import { h, show } from '../screen/dom.js';
import { dayAndTime, money, seatNames, shortMoment } from '../screen/figures.js';
import { notice } from '../screen/notice.js';
import { say } from '../screen/words.js';
import { serverNow } from '../talk/clock.js';
import { takeFlash } from './flash.js';
import { patiently } from './patiently.js';
import { poster } from './poster.js';

/**
 * Whose tickets they are, as `{token, userId}`, or null: the identity alone proves it, as a queue token speaks for one
 * concert and shows no code. Without a token, as its time is over, only what this tab was told before can be shown.
 */
export function ticketsOwner() {
  const who = identity();
  const userId = signedInId();
  return who ?? (userId !== null && bookingsSeenBy(userId) ? { token: null, userId } : null);
}

/** Told beside tickets that the service could not be asked for now; `at` is when it last was. */
export const lastSeen = (at, ...actions) =>
  notice('calm', say('tickets.last-seen', { moment: shortMoment(at) }), ...actions);

/** How an owner whose identity's time is over is asked for it again, to come back to `path`. */
export const signInAgain = (path) => h('a', { class: 'plain', href: `/signin?to=${path}` }, say('nav.signin'));

/** What becomes of an error: an identity whose time is over leaves what was seen, if `show()` has something of it. */
export const orSeen = (show) => (error) => {
  if (error.status !== 401 || !show()) throw error;
  return null;
};

/** All bookings of `owner`, kept for when they cannot be asked for. */
export async function readBookings(owner, signal) {
  const items = await askAll('/v1/bookings', { credential: owner.token, signal });
  // Who signed out meanwhile, perhaps in another tab, leaves nothing here.
  if (signedInId() === owner.userId) keepBookings(owner.userId, items, serverNow());
  if (items.length) keepPages();
  return items;
}

function card({ concert, performance, reservation_id: id, seats }) {
  return h(
    'li',
    null,
    h(
      'a',
      { class: 'card card-row', href: `/tickets/${id}` },
      poster(concert),
      h(
        'div',
        { class: 'card-text' },
        h('h2', null, concert.title),
        h('p', null, dayAndTime(performance.starts_at, concert.timezone)),
        h('p', { class: 'soft' }, seatNames(seats)),
      ),
    ),
  );
}

const empty = () =>
  h(
    'div',
    { class: 'empty' },
    h('h2', null, say('tickets.empty.title')),
    h('p', null, say('tickets.empty.text')),
    h('a', { class: 'strong', href: '/' }, say('tickets.empty.go')),
  );

const entryRow = (entry) =>
  h(
    'tr',
    null,
    h(
      'td',
      null,
      h('div', null, say(`points.${entry.kind}`)),
      h('div', { class: 'soft' }, shortMoment(entry.created_at)),
    ),
    h('td', { class: 'number' }, `${entry.amount > 0 ? '+' : ''}${money(entry.amount)}`),
    h('td', { class: 'number' }, money(entry.balance_after)),
  );

async function points(signal) {
  const credential = identity()?.token;
  if (!credential) return null;
  const [{ body: account }, { body: ledger }] = await Promise.all([
    ask('GET', '/v1/points', { credential, signal }),
    ask('GET', '/v1/points/entries?limit=20', { credential, signal }),
  ]);
  const head = ['kind', 'amount', 'balance'].map((name) =>
    h('th', { scope: 'col', class: ['amount', 'balance'].includes(name) ? 'number' : null }, say(`points.${name}`)),
  );
  return h(
    'section',
    { class: 'points' },
    h('h2', null, say('points.title')),
    h('p', { class: 'points-balance' }, money(account.balance)),
    ledger.items.length
      ? h(
          'div',
          { class: 'table-box', tabindex: 0, role: 'region', 'aria-label': say('points.ledger') },
          h(
            'table',
            null,
            h('caption', { class: 'unseen' }, say('points.ledger')),
            h('thead', null, h('tr', null, head)),
            h('tbody', null, ledger.items.map(entryRow)),
          ),
        )
      : null,
  );
}

/** All bookings of the fan, newest first. */
export async function tickets(main, _params, signal) {
  const owner = ticketsOwner();
  const title = h('h1', null, say('title.tickets'));
  if (!owner)
    return show(
      main,
      title,
      h('p', { class: 'lead' }, say('tickets.signin')),
      h('a', { class: 'strong', href: '/signin?to=/tickets' }, say('nav.signin')),
    );
  show(main, takeFlash(), title, h('p', { class: 'busy' }, say('loading')));
  const read = () => Promise.all([readBookings(owner, signal), points(signal)]);
  const list = (bookings) => (bookings.length ? h('ul', { class: 'cards cards-rows' }, bookings.map(card)) : empty());
  const meanwhile = (...actions) => {
    const seen = bookingsSeenBy(owner.userId);
    if (seen) show(main, title, lastSeen(seen.at, ...actions), list(seen.items));
    return seen;
  };
  if (!owner.token) return meanwhile(signInAgain('/tickets'));
  const answer = await patiently(read, main, signal, meanwhile).catch(orSeen(() => meanwhile(signInAgain('/tickets'))));
  if (!answer) return undefined;
  const [bookings, account] = answer;
  return show(main, title, list(bookings), account);
}
