/** Finding what a fan has: places in line, reservations, bookings; and helping with them. */

import { h, show } from '../screen/dom.js';
import { dayAndTime, money, seatNames } from '../screen/figures.js';
import { notice, refusal } from '../screen/notice.js';
import { once } from '../screen/once.js';
import { confirmation } from '../screen/sheet.js';
import { say } from '../screen/words.js';
import { about, fanOf } from './about.js';
import { askAsOperator, ifOffered, runAsOperator } from './asking.js';
import { panel } from './panel.js';
import { refund } from './refunds.js';

const item = (text, ...actions) => h('li', null, h('span', null, text), h('span', { class: 'row' }, actions));
const place = (token) =>
  item(
    say(token.position === null ? 'fan.place' : 'fan.place.waiting', {
      concert: String(token.concert_id),
      status: say(`status.${token.status}`),
      position: token.position,
    }),
  );
const button = (text, work) => h('button', { type: 'button', class: 'plain small', onclick: once(work) }, text);

/** Show whose hold it is, of which seats, and ask. */
const isSure = ({ id, seats, amount, user_id: userId }, name) =>
  confirmation(
    say('release.sure', { id: String(id) }),
    [
      about([
        [say('about.fan'), fanOf(userId, name)],
        [say('about.seats'), seatNames(seats)],
        [say('about.amount'), money(amount)],
      ]),
      h('p', null, say('release.sure.text')),
    ],
    say('fan.release'),
  );

async function release(one, name, messages, signal, again) {
  const { id } = one;
  if (!(await isSure(one, name))) return;
  try {
    await runAsOperator(`operator-release.${id}`, { path: `/v1/operator/reservations/${id}/release`, signal });
    await again();
    show(messages, notice('good', say('fan.released', { id: String(id) })));
  } catch (error) {
    show(messages, refusal(error));
  }
}

function reservation(one, name, messages, signal, again) {
  const text = say('fan.reservation', {
    id: String(one.id),
    status: say(`status.${one.status}`),
    seats: seatNames(one.seats),
  });
  return item(
    text,
    one.status === 'held' ? button(say('fan.release'), () => release(one, name, messages, signal, again)) : null,
  );
}

function booking(one, messages, signal, again) {
  const text = say('fan.booking', {
    id: String(one.payment_id),
    title: one.concert.title,
    date: dayAndTime(one.performance.starts_at, one.concert.timezone),
    seats: seatNames(one.seats),
    amount: money(one.amount),
  });
  return item(
    text,
    button(say('refund.do'), async () => {
      if (await refund(one.payment_id, messages, signal)) await again();
    }),
  );
}

const group = (title, rows) => [
  h('h3', null, title),
  rows.length ? h('ul', { class: 'plain-list' }, rows) : h('p', { class: 'soft' }, say('fan.nothing')),
];

/** The fans whose names begin as `name`, to choose from; null where this service does not look for names. */
async function named(name, signal, choose) {
  const path = `/v1/operator/fans?name=${encodeURIComponent(name)}`;
  const answer = await ifOffered(() => askAsOperator('GET', path, { signal }));
  if (!answer) return null;
  const fans = answer.body.items;
  const choices = fans.map((fan) => item(fanOf(fan.user_id, fan.name), button(say('fan.show'), () => choose(fan.user_id))));
  return { fans, element: group(say('fan.named'), choices) };
}

/** The panel with the search and its finds; `onDeed()` after every deed. */
export function fanSearch(signal, onDeed) {
  const messages = h('div');
  const finds = h('div', { class: 'stack' });
  let shownFor = null;
  const thingsOf = async (userId) => {
    const path = `/v1/operator/fans/${encodeURIComponent(userId)}`;
    return (await ifOffered(() => askAsOperator('GET', path, { signal })))?.body;
  };
  const showFan = (found) => {
    const again = () => Promise.all([find(found.user_id), onDeed()]);
    const { user_id: userId, name, tokens, reservations, bookings } = found;
    show(
      finds,
      h('p', { class: 'lead' }, fanOf(userId, name)),
      group(say('fan.places'), tokens.map(place)),
      group(
        say('fan.reservations'),
        reservations.map((one) => reservation(one, name, messages, signal, again)),
      ),
      group(
        say('fan.bookings'),
        bookings.map((one) => booking(one, messages, signal, again)),
      ),
    );
  };
  const find = async (wanted) => {
    show(messages);
    // What was found before is somebody else's.
    if (wanted !== shownFor) show(finds);
    shownFor = wanted;
    const found = await thingsOf(wanted);
    if (wanted !== shownFor) return undefined;
    if (!found) return show(messages, notice('calm', say('console.not-offered')));
    const isKnown = found.name || [found.tokens, found.reservations, found.bookings].some((list) => list.length);
    // Nobody has this user id, so it may be a name.
    const namesakes = isKnown ? null : await named(wanted, signal, find);
    if (wanted !== shownFor) return undefined;
    if (namesakes?.fans.length === 1) return find(namesakes.fans[0].user_id);
    return namesakes?.fans.length ? show(finds, namesakes.element) : showFan(found);
  };
  const onSubmit = once((event) =>
    find(new FormData(event.target).get('fan').trim()).catch((error) => show(messages, refusal(error))),
  );
  return panel(
    say('fan.title'),
    h(
      'form',
      { class: 'form', onsubmit: onSubmit },
      h('label', { for: 'fan' }, say('fan.id')),
      h(
        'div',
        { class: 'field-row' },
        h('input', { id: 'fan', name: 'fan', required: true, autocomplete: 'off' }),
        h('button', { class: 'plain', type: 'submit' }, say('fan.find')),
      ),
    ),
    messages,
    finds,
  );
}
