/** Choosing seats: the map, its legend, the list, what is chosen, and holding it. */

import { run, resume } from '../talk/errand.js';
import { dropHold, keepHold } from '../keep/holds.js';
import { configuration } from '../keep/configuration.js';
import { announce } from '../screen/announce.js';
import { h, show } from '../screen/dom.js';
import { seatName, seatNames } from '../screen/figures.js';
import { notice, refusal, trouble } from '../screen/notice.js';
import { go } from '../screen/router.js';
import { say } from '../screen/words.js';
import { fansLook } from '../seats/fans-look.js';
import { keepFresh, readAll } from '../seats/feed.js';
import { layOut } from '../seats/layout.js';
import { legend } from '../seats/legend.js';
import { seatList } from '../seats/list.js';
import { seatMap } from '../seats/map.js';
import { closestTogether } from '../seats/nearby.js';
import { tiersOf } from '../seats/palette.js';
import { tray } from '../seats/tray.js';
import { flashProblem } from './flash.js';
import { ownHold, ownNotice } from './own-hold.js';
import { turnStrip } from './turn-strip.js';
import { endsTurn } from './turn.js';

const MOST = configuration.seats_per_user ?? 4;

/** The ids of the seats that `own`, a *Reservation* or null, holds of a performance. */
const idsOf = (own, performanceId) =>
  new Set(own?.performance_id === performanceId ? own.seats.map((seat) => seat.id) : []);

/** What the view works with, and the verbs of choosing. */
class Choice {
  constructor(concertId, performanceId, seats, messages, own) {
    Object.assign(this, { concertId, performanceId, seats, messages, own });
    this.hall = layOut(seats);
    const mine = idsOf(own, performanceId);
    const chosen = new Map(seats.filter((seat) => mine.has(seat.id)).map((seat) => [seat.id, seat]));
    this.state = { chosen, mine, price: null, tiers: tiersOf(seats), cursor: null, stage: say('map.stage') };
    this.state.look = fansLook(this.state);
    this.listeners = [];
    this.showOnMap = () => {};
  }

  refresh() {
    this.listeners.forEach((listener) => listener());
  }

  tell(element) {
    show(this.messages, element);
  }

  toggle(seat) {
    const { chosen } = this.state;
    this.tell(null);
    if (chosen.delete(seat.id)) announce(say('choice.removed', { name: seatName(seat) }));
    else if (seat.status !== 'available') announce(say('choice.not-free'));
    else if (chosen.size >= MOST) this.tell(notice('bad', say('choice.limit', { count: MOST })));
    else {
      chosen.set(seat.id, seat);
      announce(say('choice.added', { name: seatName(seat), count: chosen.size }));
    }
    this.refresh();
  }

  /** Choose `spots` for the fan, who is shown where they are. */
  take(spots) {
    this.state.chosen.clear();
    for (const { seat } of spots) this.state.chosen.set(seat.id, seat);
    this.tell(null);
    announce(seatNames(spots.map(({ seat }) => seat)));
    this.refresh();
    this.showOnMap(spots);
  }

  /** Whether what is chosen is what the fan holds already. */
  get isHeld() {
    const { chosen, mine } = this.state;
    return chosen.size > 0 && chosen.size === mine.size && [...chosen.keys()].every((id) => mine.has(id));
  }

  /** What the button in the tray does with what is chosen. */
  get action() {
    if (this.isHeld) return 'hold.pay';
    return this.own ? 'hold.change' : 'choice.hold';
  }

  /** Others were faster with `ids`: grey them, and offer what is free close by. */
  lose(ids) {
    const lost = ids.map((id) => this.hall.byId.get(id)).filter(Boolean);
    const count = this.state.chosen.size;
    for (const { seat } of lost) {
      if (seat.status === 'available') seat.status = 'held';
      this.state.chosen.delete(seat.id);
    }
    if (lost.length) this.tell(this.suggestion(lost, count));
    this.refresh();
  }

  suggestion(lost, count) {
    const names = seatNames(lost.map(({ seat }) => seat));
    const near = closestTogether(this.hall.spots, count, lost[0], lost[0].seat.price);
    const text = say('choice.taken', { names });
    if (!near) return notice('bad', text);
    const offer = say('choice.take-these', { names: seatNames(near.map(({ seat }) => seat)) });
    return notice('bad', text, h('button', { type: 'button', class: 'plain', onclick: () => this.take(near) }, offer));
  }
}

function pickers(choice) {
  const pick = (count) => () => {
    const spots = closestTogether(choice.hall.spots, count, { x: 0, y: 0 }, choice.state.price);
    if (spots) choice.take(spots);
    else choice.tell(notice('bad', say('choice.none-together', { count })));
  };
  return h(
    'div',
    { class: 'row pickers', role: 'group', 'aria-label': say('choice.pick') },
    h('span', { class: 'soft', 'aria-hidden': 'true' }, say('choice.pick')),
    Array.from({ length: MOST }, (_, index) =>
      h(
        'button',
        {
          type: 'button',
          class: 'plain small',
          'aria-label': say('choice.pick.label', { count: index + 1 }),
          onclick: pick(index + 1),
        },
        String(index + 1),
      ),
    ),
  );
}

const HOLD_IS_OVER = new Set(['reservation_not_held', 'reservation_not_found']);

/** The hold that was to be changed ended meanwhile, here or in another tab: look again. */
function loseHold(choice, problem) {
  dropHold(choice.concertId);
  flashProblem(problem);
  return go(`/concerts/${choice.concertId}/seats/${choice.performanceId}`, { replace: true });
}

async function hold(choice, credential, signal, how) {
  if (how === run && choice.isHeld) return go(`/concerts/${choice.concertId}/checkout`);
  const body = { performance_id: choice.performanceId, seat_ids: [...choice.state.chosen.keys()] };
  if (choice.own) body.replaces = choice.own.id;
  const onTrouble = (problem) => choice.tell(problem && trouble(problem, 'change'));
  try {
    const reservation = await how(`hold.${choice.concertId}`, {
      path: '/v1/reservations',
      body,
      credential,
      signal,
      onTrouble,
    });
    if (!reservation) return undefined;
    keepHold(choice.concertId, reservation);
    return go(`/concerts/${choice.concertId}/checkout`);
  } catch (error) {
    if (signal.aborted || endsTurn(error)) return undefined;
    if (error.code === 'seat_taken') choice.lose(error.members.seat_ids ?? []);
    else if (choice.own && HOLD_IS_OVER.has(error.code)) return loseHold(choice, error);
    else choice.tell(refusal(error));
    return undefined;
  }
}

async function loadSeats(performanceId, mine, turn, main, signal) {
  const busy = h('p', { class: 'busy', role: 'status' }, say('loading'));
  show(main, turn.strip, h('h1', null, say('seats.title')), h('div', { class: 'map map-loading' }, busy));
  const onPage = (count) => {
    busy.textContent = say('seats.loading', { count });
  };
  const onTrouble = (problem) => {
    if (problem) show(busy, say('trouble.busy'));
  };
  return readAll(performanceId, { credential: turn.credential, mine, signal, onPage, onTrouble });
}

/** The view of one performance's seats. */
export async function seatChoice(main, params, signal) {
  const [concertId, performanceId] = [Number(params.concert), Number(params.performance)];
  const turn = turnStrip(concertId, 'seats', signal, performanceId);
  if (!turn) return;
  let own;
  let pages;
  try {
    own = await ownHold(concertId, turn.credential, main, signal);
    pages = await loadSeats(performanceId, idsOf(own, performanceId), turn, main, signal);
  } catch (error) {
    if (!endsTurn(error)) throw error;
  }
  if (!pages || signal.aborted) return;
  const messages = h('div', { class: 'tray-messages' });
  const choice = new Choice(
    concertId,
    performanceId,
    pages.flatMap((page) => page.seats),
    messages,
    own,
  );
  const map = seatMap(choice.hall, choice.state, { onChoose: (seat) => choice.toggle(seat), signal });
  const prices = legend(choice.seats, choice.state, map.redraw);
  const list = seatList(choice.seats, choice.state, (seat) => choice.toggle(seat));
  // The tray is in sight wherever the fan has scrolled to, so that is where messages stand.
  const onHold = () => hold(choice, turn.credential, signal, run);
  const chosen = tray(choice, MOST, messages, { onHold, signal });
  choice.showOnMap = map.show;
  choice.listeners.push(map.redraw, prices.refresh, list.refresh, chosen.refresh);
  show(
    main,
    turn.strip,
    h(
      'div',
      { class: 'seats-head' },
      h('h1', null, say('seats.title')),
      h('a', { class: 'quiet', href: `/concerts/${concertId}/dates` }, say('seats.other-date')),
    ),
    own && ownNotice(concertId, performanceId, own, { credential: turn.credential, signal, messages }),
    prices.element,
    h('p', { id: 'map-hint', class: 'unseen' }, say('map.hint')),
    h('div', { class: 'choosing' }, map.element, h('div', { class: 'aside' }, pickers(choice), list.element)),
    chosen.element,
  );
  map.view.fit();
  const onChange = (seats) =>
    choice.lose(
      seats.filter((seat) => seat.status !== 'available' && choice.state.chosen.has(seat.id)).map((seat) => seat.id),
    );
  const inSight = (page) => Number(page.seats.some((seat) => choice.state.chosen.has(seat.id) || map.sees(seat.id)));
  keepFresh(performanceId, pages, { credential: turn.credential, mine: choice.state.mine, signal, inSight, onChange }).catch(() => {});
  await hold(choice, turn.credential, signal, resume);
}
