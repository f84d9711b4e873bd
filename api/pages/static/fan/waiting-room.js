/** The waiting room: calm, honest, and left by itself when it is the fan's turn. */

import { configuration } from '../keep/configuration.js';
import { run } from '../talk/errand.js';
import { dropPlace, noteProgress, placeAt } from '../keep/places.js';
import { announce } from '../screen/announce.js';
import { h, show } from '../screen/dom.js';
import { exactly, roughly } from '../screen/figures.js';
import { refusal, trouble } from '../screen/notice.js';
import { go } from '../screen/router.js';
import { confirmation } from '../screen/sheet.js';
import { figure, say } from '../screen/words.js';
import { aboutLine } from './about.js';
import { call, callNoMore, callSwitch } from './call.js';
import { flash } from './flash.js';
import { steps } from './steps.js';
import { followTurn } from './turn.js';

const ANNOUNCED_EVERY_MS = 30000;
const OFTEN_SECONDS = 6;
const NEAR_SECONDS = 60;
const FAR_SECONDS = 120;

function parts() {
  const bar = h('div', { class: 'bar-fill' });
  return {
    trouble: h('div'),
    state: h('div'),
    number: h('p', { class: 'position' }, '…'),
    ahead: h('p', { class: 'ahead' }, say('line.looking')),
    estimate: h('p', { class: 'estimate' }),
    pace: h('p', { class: 'soft pace' }),
    bar,
    track: h(
      'div',
      {
        class: 'bar',
        role: 'progressbar',
        'aria-label': say('line.progress'),
        'aria-valuemin': 0,
        'aria-valuemax': 100,
      },
      bar,
    ),
    leave: h('button', { class: 'plain', type: 'button' }, say('line.leave')),
  };
}

/** How long a turn lasts, and how soon it must be taken up, as the service has them set. */
const turnTimes = () => ({
  taken: exactly(configuration.unused_admission_seconds),
  turn: exactly(configuration.active_token_seconds),
});

const nextSteps = (concertId) =>
  h(
    'section',
    { class: 'calm' },
    h('h2', null, say('line.next')),
    h(
      'ol',
      null,
      ['turn', 'choose', 'pay'].map((step) => h('li', null, say(`line.next.${step}`, turnTimes()))),
    ),
    callSwitch(concertId),
    h('p', { class: 'soft' }, say('line.safe')),
  );

function showProgress(room, concertId, position) {
  const percent = Math.round(noteProgress(concertId, position) * 100);
  room.bar.style.setProperty('transform', `scaleX(${percent / 100})`);
  room.track.setAttribute('aria-valuenow', percent);
}

function showStanding(room, concertId, { position, estimated_wait_seconds: estimate }) {
  const ahead = position === 1 ? say('line.you-are-next') : say('line.ahead', { count: position - 1 });
  room.number.textContent = figure(position);
  room.ahead.textContent = ahead;
  room.estimate.textContent = say('line.estimate', { estimate: roughly(estimate) });
  document.title = `(${figure(position)}) ${say('title.waitingRoom')} · ${configuration.service_name}`;
  showProgress(room, concertId, position);
  return `${ahead}. ${room.estimate.textContent}`;
}

/** How often the page looks, where that is not what everybody expects. */
function paceOf({ estimated_wait_seconds: estimate, poll_after_seconds: seconds }) {
  if (seconds <= OFTEN_SECONDS) return estimate !== null && estimate < NEAR_SECONDS ? say('line.pace.near') : '';
  const count = Math.round(seconds / 5) * 5;
  return say(estimate >= FAR_SECONDS ? 'line.pace.far' : 'line.pace.steady', { count });
}

/** Told without a live region: who listens to the page hears of the line as it moves, not of how it is looked at. */
function showPace(room, standing) {
  const text = paceOf(standing);
  if (room.pace.textContent !== text) room.pace.textContent = text;
}

function showState(room, state, soldOut) {
  const told = [soldOut ? 'sold-out' : null, state === 'open' ? null : state].filter(Boolean);
  // Showing the same text again would have it read out again.
  if (told.join() === room.told) return;
  room.told = told.join();
  show(
    room.state,
    told.map((what) => h('p', { class: 'notice-plain', role: 'status' }, say(`line.${what}.text`))),
  );
}

function onLeave(room, concertId, signal) {
  return async () => {
    if (!(await confirmation(say('line.leave.title'), say('line.leave.text'), say('line.leave')))) return;
    const wish = { method: 'DELETE', path: '/v1/queue-tokens/current', credential: placeAt(concertId).token, signal };
    try {
      await run(`leave.${concertId}`, wish);
      dropPlace(concertId);
      callNoMore(concertId);
      flash('good', 'line.left');
      go(`/concerts/${concertId}`, { replace: true });
    } catch (error) {
      if (!signal.aborted) show(room.trouble, refusal(error));
    }
  };
}

function arrive(concertId) {
  navigator.vibrate?.(200);
  call(concertId);
  announce(say('turn.now'));
  flash('good', 'turn.now');
  go(`/concerts/${concertId}/dates`, { replace: true });
}

/** The waiting room of one concert. */
export async function waitingRoom(main, params, signal) {
  const concertId = Number(params.concert);
  if (!placeAt(concertId)) return go(`/concerts/${concertId}`, { replace: true });
  const room = parts();
  room.leave.addEventListener('click', onLeave(room, concertId, signal));
  show(
    main,
    steps('line'),
    room.trouble,
    h(
      'section',
      { class: 'room' },
      h('h1', null, say('line.title')),
      aboutLine(concertId, signal),
      room.state,
      h('p', { class: 'soft' }, say('line.position')),
      room.number,
      room.ahead,
      room.track,
      room.estimate,
      room.pace,
    ),
    nextSteps(concertId),
    room.leave,
  );
  showProgress(room, concertId, placeAt(concertId).firstPosition ?? 1);
  let told = 0;
  const onStanding = (standing, line) => {
    if (standing.status !== 'waiting')
      return standing.status === 'active' ? arrive(concertId) : go('/tickets', { replace: true });
    const text = showStanding(room, concertId, standing);
    showPace(room, standing);
    showState(room, line?.state ?? 'open', standing.sold_out);
    if (Date.now() - told > ANNOUNCED_EVERY_MS) announce(text);
    told = Date.now() - told > ANNOUNCED_EVERY_MS ? Date.now() : told;
    return undefined;
  };
  return followTurn(concertId, {
    signal,
    onStanding,
    onTrouble: (problem) => show(room.trouble, problem && trouble(problem, 'place')),
  });
}
