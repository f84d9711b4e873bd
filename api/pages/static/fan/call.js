/** Calling a fan who looks elsewhere when their turn comes: a switch in the waiting room, off until it is pressed. */

import { configuration } from '../keep/configuration.js';
import { ownerId } from '../keep/owner.js';
import { canChime, chime, openChime } from '../screen/chime.js';
import { h } from '../screen/dom.js';
import { canNotify, mayNotify, notify } from '../screen/notifying.js';
import { once } from '../screen/once.js';
import { say } from '../screen/words.js';
import { titleOf } from './about.js';

// The wish to be called, kept while the page is open: the view may be drawn again meanwhile.
let wanted = null;

const keyOf = (concertId) => `${ownerId()}/${concertId}`;
const wishFor = (concertId) => (wanted?.key === keyOf(concertId) ? wanted : null);

function forget() {
  wanted?.sound?.close();
  wanted = null;
}

/** The place is given up, and the wish with it. */
export function callNoMore(concertId) {
  if (wishFor(concertId)) forget();
}

const notifyOf = (concertId, title) =>
  notify(`frontrow-turn-${concertId}`, title, say('call.body', { title: titleOf(concertId) ?? configuration.service_name }));

/**
 * Both are tried at once, so that the fan knows what they will hear and see, and is told what this browser allows. A
 * question that the browser asks may stand unanswered for long: the sound does not wait for it; `changed()` follows.
 */
async function begin(concertId, changed) {
  const key = keyOf(concertId);
  // Browsers allow either only while the press is handled.
  const answer = mayNotify();
  const sound = await openChime();
  forget();
  if (sound) {
    wanted = { key, sound, notifies: false };
    chime(sound);
  }
  const answered = answer.then((isAllowed) => {
    const isOff = sound && wanted?.sound !== sound;
    if (isOff || !isAllowed || !notifyOf(concertId, say('call.sample'))) return;
    wanted = { key, sound, notifies: true };
    changed();
  });
  if (!sound) await answered;
}

function meaning(wish, isTried) {
  if (wish) return say(wish.sound && wish.notifies ? 'call.both' : wish.sound ? 'call.sound' : 'call.notification');
  return isTried ? say('call.none') : say('call.hint');
}

/** The switch and what it means as it stands, or null where this browser can call nobody. */
export function callSwitch(concertId) {
  if (!canChime() && !canNotify()) return null;
  const what = h('p', { class: 'soft', role: 'status' });
  const press = async () => {
    const isOn = wishFor(concertId) !== null;
    if (isOn) forget();
    else await begin(concertId, () => refresh(true));
    refresh(!isOn);
  };
  const control = h(
    'button',
    { class: 'switch', type: 'button', role: 'switch', onclick: once(press) },
    h('span', { class: 'switch-track', 'aria-hidden': 'true' }),
    say('call.switch'),
  );
  const refresh = (isTried) => {
    const wish = wishFor(concertId);
    control.setAttribute('aria-checked', String(wish !== null));
    what.textContent = meaning(wish, isTried);
  };
  refresh(false);
  return h('div', { class: 'call' }, control, what);
}

/** The turn has come: call the fan once, if they asked for it. */
export function call(concertId) {
  const wish = wishFor(concertId);
  if (!wish) return;
  wanted = null;
  if (wish.notifies) notifyOf(concertId, say('turn.now'));
  if (!wish.sound) return;
  wish.sound
    .resume()
    .then(() => chime(wish.sound, 3))
    .catch(() => {});
}
