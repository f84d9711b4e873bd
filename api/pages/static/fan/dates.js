/** Choosing a date. */

import { ask, askAll } from '../talk/http.js';
import { keepAsking } from '../talk/polling.js';
import { configuration } from '../keep/configuration.js';
import { h, show } from '../screen/dom.js';
import { dayOfMonth, month, time, weekday } from '../screen/figures.js';
import { say } from '../screen/words.js';
import { ownHold, ownNotice } from './own-hold.js';
import { patiently } from './patiently.js';
import { turnStrip } from './turn-strip.js';
import { endsTurn } from './turn.js';

const FEW = 0.1;

function left({ seats_available: available, seats_total: total }) {
  if (!available) return h('span', { class: 'badge badge-closed' }, say('dates.none-left'));
  const few = available / total <= FEW;
  return h(
    'span',
    { class: few ? 'badge badge-paused' : 'badge badge-open' },
    say(few ? 'dates.few' : 'dates.left', { count: available }),
  );
}

function dateCard(concertId, date, zone) {
  const leaf = [month(date.starts_at, zone), dayOfMonth(date.starts_at, zone)];
  return h(
    'li',
    null,
    h(
      'a',
      { class: 'date', href: `/concerts/${concertId}/seats/${date.performance_id}` },
      h(
        'span',
        { class: 'date-leaf', 'aria-hidden': 'true' },
        h('span', null, leaf[0]),
        h('b', null, leaf[1]),
      ),
      h(
        'span',
        { class: 'date-text' },
        h('b', null, weekday(date.starts_at, zone)),
        h('span', { class: 'unseen' }, leaf.join(' ')),
        h('span', { class: 'soft' }, time(date.starts_at, zone)),
      ),
      left(date),
    ),
  );
}

/** What stands instead of dates; that seats may come free is promised only as long as some are not sold. */
const noDates = ({ sold_out: soldOut, sale_over: isOver }) =>
  h(
    'div',
    { class: 'empty', role: 'status' },
    h('h2', null, say('dates.empty.title')),
    h('p', null, say(soldOut ? 'concert.sold-out' : isOver ? 'concert.sale-over' : 'dates.empty.text')),
  );

/** The dates that can still be reserved, kept fresh while the fan looks. */
export async function dates(main, params, signal) {
  const concertId = Number(params.concert);
  const turn = turnStrip(concertId, 'date', signal);
  if (!turn) return undefined;
  const list = h('div', null, h('p', { class: 'busy' }, say('loading')));
  const messages = h('div');
  show(main, turn.strip, h('h1', null, say('dates.title')), messages, list);
  const own = await ownHold(concertId, turn.credential, messages, signal).catch((error) => {
    if (!endsTurn(error)) throw error;
  });
  if (signal.aborted) return undefined;
  if (own)
    messages.before(ownNotice(concertId, own.performance_id, own, { credential: turn.credential, signal, messages }));
  const about = await patiently(() => ask('GET', `/v1/concerts/${concertId}`, { signal }), main, signal);
  if (!about || signal.aborted) return undefined;
  let shown = '';
  const question = async () => {
    const items = await askAll(`/v1/concerts/${concertId}/dates`, { credential: turn.credential, signal });
    const line = items.length ? {} : (await ask('GET', `/v1/queues/${concertId}`, { signal })).body;
    const told = JSON.stringify([items, line.sold_out, line.sale_over]);
    // Drawing the same dates anew would take the focus from the fan.
    if (told !== shown)
      show(
        list,
        items.length
          ? h(
              'ul',
              { class: 'dates' },
              items.map((date) => dateCard(concertId, date, about.body.timezone)),
            )
          : noDates(line),
      );
    shown = told;
    return configuration.poll_after_seconds;
  };
  return keepAsking(question, { signal }).catch((error) => {
    if (!endsTurn(error)) throw error;
  });
}
