/** One concert: what it is, how the line stands, and the way into it. */

import { configuration } from '../keep/configuration.js';
import { ask } from '../talk/http.js';
import { untilMs } from '../talk/clock.js';
import { run, resume } from '../talk/errand.js';
import { waitOrOnline } from '../talk/patience.js';
import { keepAsking } from '../talk/polling.js';
import { Problem } from '../talk/problem.js';
import { identity } from '../keep/identity.js';
import { keepPlace, placeAt } from '../keep/places.js';
import { countdown } from '../screen/countdown.js';
import { h, show } from '../screen/dom.js';
import { dayAndTime, roughly } from '../screen/figures.js';
import { refusal, trouble } from '../screen/notice.js';
import { go } from '../screen/router.js';
import { say } from '../screen/words.js';
import { priceRange } from './about.js';
import { takeFlash } from './flash.js';
import { patiently } from './patiently.js';
import { poster } from './poster.js';

const LOOK_SECONDS = 25;
const SPREAD = 0.4;
const DAY_MS = 86400000;
const lineOf = (concertId) => `/concerts/${concertId}/line`;

async function join(concertId, box, signal, how) {
  const onTrouble = (problem) => show(box, problem ? trouble(problem, 'change') : joining());
  show(box, joining());
  try {
    const credential = identity().token;
    const wish = { path: '/v1/queue-tokens', body: { concert_id: concertId }, credential, signal, onTrouble };
    const token = await how(`join.${concertId}`, wish);
    if (!token) return false;
    keepPlace(concertId, token);
    go(lineOf(concertId));
  } catch (error) {
    if (signal.aborted) return true;
    show(box, refusal(error), entrance(concertId, box, signal, {}));
  }
  return true;
}

const joining = () => h('p', { class: 'busy', role: 'status' }, say('concert.joining'));

/** Why nobody can join, as the ending of a word's key; null when one can. */
function shutBy({ state, sold_out: soldOut, sale_over: isOver }) {
  if (state === 'ended' || state === 'closed') return state;
  if (soldOut) return 'sold-out';
  return isOver ? 'sale-over' : null;
}

/** The button into the line, or what stands instead of it. */
function entrance(concertId, box, signal, line) {
  const shut = shutBy(line);
  if (placeAt(concertId)) return h('a', { class: 'strong wide', href: lineOf(concertId) }, say('concert.continue'));
  if (shut) return h('p', { class: 'notice-plain' }, say(`concert.${shut}`));
  if (!identity())
    return h(
      'a',
      { class: 'strong wide', href: `/signin?to=${lineOf(concertId).replace('/line', '')}` },
      say('concert.signin'),
    );
  return h(
    'button',
    { class: 'strong wide', type: 'button', onclick: () => join(concertId, box, signal, run) },
    say('concert.join'),
  );
}

function lineState(line) {
  const { waiting, estimated_wait_seconds: estimate } = line;
  const shut = shutBy(line);
  const facts = waiting
    ? say('concert.waiting', { count: waiting, estimate: roughly(estimate) })
    : say('concert.no-line');
  return h(
    'div',
    { class: 'line-state' },
    h('span', { class: `badge badge-${shut ? 'closed' : line.state}` }, say(`line.${shut ?? line.state}`)),
    h('span', null, shut ? '' : facts),
  );
}

const dateList = (performances, zone) =>
  h(
    'ul',
    { class: 'plain-list' },
    performances.map((date) =>
      h(
        'li',
        null,
        h('span', null, dayAndTime(date.starts_at, zone)),
        h('span', { class: 'soft' }, priceRange(date)),
        h('span', { class: 'soft' }, say('seats.count', { count: date.seats_total })),
      ),
    ),
  );

/** When the first of the dates can be booked, and how long until then; nothing once one can. */
function opening(performances, zone, signal) {
  const [first] = performances.map((date) => date.reservable_from).sort();
  if (!first || untilMs(first) <= 0) return null;
  const box = h('div', { class: 'opening' }, h('p', null, say('concert.opens', { moment: dayAndTime(first, zone) })));
  const onOver = () => box.remove();
  if (untilMs(first) < DAY_MS) box.append(countdown(first, { label: say('concert.opens-in'), signal, onOver }));
  return box;
}

/** Look at the line now and then, so that nobody has to load the page anew; `onLine` gets it. Seldom: it is no place. */
function followLine(concertId, signal, onLine) {
  // It has just been looked at.
  let isDue = false;
  const question = async () => {
    const seconds = LOOK_SECONDS * (1 + SPREAD * Math.random());
    if (!isDue || document.hidden) {
      isDue = true;
      return seconds;
    }
    const { body } = await ask('GET', `/v1/queues/${concertId}`, { signal });
    if (!signal.aborted) onLine(body);
    return seconds * (body.stretch ?? 1);
  };
  return keepAsking(question, { signal, pause: waitOrOnline }).catch((error) => {
    if (!signal.aborted && !(error instanceof Problem)) throw error;
  });
}

/** The concert's own page. */
export async function concert(main, params, signal) {
  const concertId = Number(params.concert);
  const read = () =>
    Promise.all([
      ask('GET', `/v1/concerts/${concertId}`, { signal }),
      ask('GET', `/v1/queues/${concertId}`, { signal }),
    ]);
  const answers = await patiently(read, main, signal);
  if (signal.aborted) return;
  const [about, line] = answers.map((answer) => answer.body);
  const box = h('div', { class: 'entrance' });
  const state = h('div', null, lineState(line));
  document.title = `${about.title} · ${configuration.service_name}`;
  show(
    main,
    takeFlash(),
    h(
      'article',
      { class: 'concert' },
      poster(about),
      h(
        'div',
        { class: 'concert-text' },
        h('h1', null, about.title),
        h('p', { class: 'lead' }, about.venue),
        state,
        box,
        opening(about.performances ?? [], about.timezone, signal),
        h('h2', null, say('concert.dates')),
        dateList(about.performances ?? [], about.timezone),
      ),
    ),
  );
  const going = identity() && !placeAt(concertId) && (await join(concertId, box, signal, resume));
  if (going || signal.aborted) return;
  show(box, entrance(concertId, box, signal, line));
  let shut = shutBy(line);
  await followLine(concertId, signal, (latest) => {
    show(state, lineState(latest));
    // A button that is being pressed stays the same one.
    if (shut !== shutBy(latest)) show(box, entrance(concertId, box, signal, latest));
    shut = shutBy(latest);
  });
}
