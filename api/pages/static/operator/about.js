/** What a deed is about, in sight before it is done. */

import { h } from '../screen/dom.js';
import { dayAndTime, money, seatNames } from '../screen/figures.js';
import { say } from '../screen/words.js';

/** A list of `[name, value]`; what has no value is left out. */
export const about = (facts) =>
  h(
    'dl',
    { class: 'about' },
    facts.filter(([, value]) => value).map(([name, value]) => [h('dt', null, name), h('dd', null, value)]),
  );

export const fanOf = (userId, name) => (name && name !== userId ? `${name} (${userId})` : userId);

/** A *Booking*: who, for what, which seats, how much. */
export const aboutBooking = ({ user_id: userId, holder, concert, performance, seats, amount }) =>
  about([
    [say('about.fan'), fanOf(userId, holder)],
    [say('about.concert'), concert.title],
    [say('about.date'), dayAndTime(performance.starts_at, concert.timezone)],
    [say('about.seats'), seatNames(seats)],
    [say('about.amount'), money(amount)],
  ]);
