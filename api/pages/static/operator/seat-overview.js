/** The seats of a date by status: as a drawn map, and as a table. */

import { announce } from '../screen/announce.js';
import { h, show } from '../screen/dom.js';
import { dayAndTime } from '../screen/figures.js';
import { refusal } from '../screen/notice.js';
import { say } from '../screen/words.js';
import { layOut } from '../seats/layout.js';
import { seatMap } from '../seats/map.js';
import { keepAsking } from '../talk/polling.js';
import { askAllAsOperator } from './asking.js';
import { operatorsLook } from './seat-look.js';
import { seatTable, STATUSES } from './seat-table.js';

const EVERY_SECONDS = 10;

const key = (status) =>
  h('li', null, h('span', { class: `seat-key seat-key-${status}`, 'aria-hidden': 'true' }), say(`desk.${status}`));

/** The hall of one date, drawn once; `take(seats)` colours it anew. */
function drawnHall(seats, signal) {
  const hall = layOut(seats);
  const state = { chosen: new Map(), cursor: null, stage: say('map.stage'), look: operatorsLook };
  const pressed = h('p', { class: 'soft seat-pressed' }, say('desk.press-seat'));
  const onChoose = (seat) => {
    state.cursor = hall.byId.get(seat.id);
    pressed.textContent = operatorsLook.spoken(seat);
    announce(pressed.textContent);
  };
  const map = seatMap(hall, state, { onChoose, signal });
  const table = h('div', null, seatTable(seats));
  const take = (fresh) => {
    for (const { id, status } of fresh) hall.byId.get(id).seat.status = status;
    map.redraw();
    show(table, seatTable(fresh));
    if (state.cursor) pressed.textContent = operatorsLook.spoken(state.cursor.seat);
  };
  const hint = h('p', { id: 'map-hint', class: 'unseen' }, say('desk.map-hint'));
  const drawn = h('div', { class: 'stack' }, hint, map.element, pressed);
  return { element: h('div', { class: 'seats-of-date' }, drawn, table), take };
}

/** Show the hall of `performanceId` in `body` and keep it fresh until `signal` aborts. */
async function follow(performanceId, body, signal) {
  let shown = null;
  const look = async () => {
    const seats = await askAllAsOperator(`/v1/operator/performances/${performanceId}/seats`, { signal });
    if (shown) shown.take(seats);
    else {
      shown = drawnHall(seats, signal);
      show(body, shown.element);
    }
    return EVERY_SECONDS;
  };
  show(body, h('div', { class: 'map map-loading' }, h('p', { class: 'busy', role: 'status' }, say('loading'))));
  try {
    await keepAsking(look, { signal });
  } catch (error) {
    if (!signal.aborted) show(body, refusal(error));
  }
}

/** A choice of the concert's dates, and the map and table of the one chosen; null for a concert without dates. */
export function seatOverview(concert, signal) {
  const dates = concert.performances ?? [];
  const body = h('div', { class: 'stack' });
  let leave = new AbortController();
  const turnTo = () => {
    leave.abort();
    leave = new AbortController();
    follow(choice.value, body, AbortSignal.any([signal, leave.signal]));
  };
  const choice = h(
    'select',
    { id: 'date', onchange: turnTo },
    dates.map((date) => h('option', { value: date.performance_id }, dayAndTime(date.starts_at, concert.timezone))),
  );
  if (!dates.length) return null;
  turnTo();
  return h(
    'div',
    { class: 'stack' },
    h(
      'div',
      { class: 'seats-head' },
      h('div', { class: 'row' }, h('label', { for: 'date' }, say('steps.date')), choice),
      h('ul', { class: 'plot-legend' }, STATUSES.toReversed().map(key)),
    ),
    body,
  );
}
