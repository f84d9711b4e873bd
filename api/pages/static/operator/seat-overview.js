/** The seats of a date by status: as a drawn map, and as a table. */

import { announce } from '../screen/announce.js';
import { h, show } from '../screen/dom.js';
import { dayAndTime, exactTime } from '../screen/figures.js';
import { refusal } from '../screen/notice.js';
import { say } from '../screen/words.js';
import { layOut } from '../seats/layout.js';
import { seatMap } from '../seats/map.js';
import { serverNow } from '../talk/clock.js';
import { keepAsking } from '../talk/polling.js';
import { askAllAsOperator } from './asking.js';
import { operatorsLook } from './seat-look.js';
import { seatTable, STATUSES } from './seat-table.js';

// They are read at once when the concert's figures say that seats have changed, and now and then whatever these say.
const EVERY_SECONDS = 10;
const SOON_SECONDS = 1;
// A large hall is many pages; so many of its seats are read a second at most.
const SEATS_A_SECOND = 5000;

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

/** Waits `ms`, or less when `wake` tells of a change, but never less than `least` ms. */
const pauseUntil = (wake, least) => (ms, signal) =>
  new Promise((resolve) => {
    const begun = performance.now();
    let timer = setTimeout(() => end(), ms);
    const hurry = () => {
      clearTimeout(timer);
      timer = setTimeout(() => end(), Math.max(0, least() - (performance.now() - begun)));
    };
    const end = () => {
      clearTimeout(timer);
      wake.removeEventListener('change', hurry);
      resolve();
    };
    wake.addEventListener('change', hurry);
    signal.addEventListener('abort', end, { once: true });
  });

/** Show the hall of `performanceId` in `body` and keep it fresh until `signal` aborts; `zone` is the venue's. */
async function follow(performanceId, zone, body, wake, signal) {
  let shown = null;
  let isDoubted = false;
  let least = 0;
  const doubt = () => {
    isDoubted = true;
  };
  const asOf = h('p', { class: 'soft' });
  const look = async () => {
    const again = isDoubted;
    isDoubted = false;
    const seats = await askAllAsOperator(`/v1/operator/performances/${performanceId}/seats`, { signal });
    if (shown) shown.take(seats);
    else {
      shown = drawnHall(seats, signal);
      show(body, shown.element, asOf);
    }
    asOf.textContent = say('desk.as-of', { time: exactTime(serverNow(), zone) });
    least = (1000 * seats.length) / SEATS_A_SECOND;
    // What is read in the moment of a change may be of the moment before.
    return again || isDoubted ? SOON_SECONDS : EVERY_SECONDS;
  };
  wake.addEventListener('change', doubt);
  show(body, h('div', { class: 'map map-loading' }, h('p', { class: 'busy', role: 'status' }, say('loading'))));
  try {
    await keepAsking(look, { signal, pause: pauseUntil(wake, () => least) });
  } catch (error) {
    if (!signal.aborted) show(body, refusal(error));
  } finally {
    wake.removeEventListener('change', doubt);
  }
}

/**
 * A choice of the concert's dates, and the map and table of the one chosen, as `{element, refresh(stats)}`; null for a
 * concert without dates. Figures and map are to say the same, so the map is read anew when they have changed.
 */
export function seatOverview(concert, signal) {
  const dates = concert.performances ?? [];
  const body = h('div', { class: 'stack' });
  let leave = new AbortController();
  const wake = new EventTarget();
  let known = null;
  const refresh = (stats) => {
    const counts = STATUSES.map((status) => stats[`seats_${status}`]).join();
    if (known !== null && known !== counts) wake.dispatchEvent(new Event('change'));
    known = counts;
  };
  const turnTo = () => {
    leave.abort();
    leave = new AbortController();
    follow(choice.value, concert.timezone, body, wake, AbortSignal.any([signal, leave.signal]));
  };
  const choice = h(
    'select',
    { id: 'date', onchange: turnTo },
    dates.map((date) => h('option', { value: date.performance_id }, dayAndTime(date.starts_at, concert.timezone))),
  );
  if (!dates.length) return null;
  turnTo();
  const element = h(
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
  return { element, refresh };
}
