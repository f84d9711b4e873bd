/** The fan's tickets and points. */

import { ask, askAll } from '../talk/http.js';
import { identity } from '../keep/identity.js';
import { h, show } from '../screen/dom.js';
import { dayAndTime, money, seatNames, shortMoment } from '../screen/figures.js';
import { say } from '../screen/words.js';
import { takeFlash } from './flash.js';
import { patiently } from './patiently.js';
import { poster } from './poster.js';

/** What proves whose tickets they are: the identity alone, as a queue token speaks for one concert and shows no code. */
export const ownersCredential = () => identity()?.token ?? null;

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
  const credential = ownersCredential();
  const title = h('h1', null, say('title.tickets'));
  if (!credential)
    return show(
      main,
      title,
      h('p', { class: 'lead' }, say('tickets.signin')),
      h('a', { class: 'strong', href: '/signin?to=/tickets' }, say('nav.signin')),
    );
  show(main, takeFlash(), title, h('p', { class: 'busy' }, say('loading')));
  const read = () => Promise.all([askAll('/v1/bookings', { credential, signal }), points(signal)]);
  const answer = await patiently(read, main, signal);
  if (!answer) return undefined;
  const [bookings, account] = answer;
  return show(
    main,
    title,
    bookings.length ? h('ul', { class: 'cards cards-rows' }, bookings.map(card)) : empty(),
    account,
  );
}
