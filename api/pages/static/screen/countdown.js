/** A clock that counts down to a moment, told aloud only at its turning points. */

import { announce } from './announce.js';
import { h } from './dom.js';
import { minutesAndSeconds } from './figures.js';
import { say } from './words.js';
import { untilMs } from '../talk/clock.js';

const SHORT_MS = 60000;
const TOLD_AT = [120, 60, 30, 10];

/** An element that shows the time left until `moment`; calls `onOver` once at its end. Stops with `signal`. */
export function countdown(moment, { label, signal, onOver }) {
  const digits = h('span', { class: 'countdown-digits' });
  const box = h('div', { class: 'countdown', role: 'timer', 'aria-label': label }, h('span', null, label), digits);
  let toldAt = Math.ceil(untilMs(moment) / 1000);
  const tick = () => {
    const left = untilMs(moment);
    digits.textContent = minutesAndSeconds(left);
    box.classList.toggle('countdown-short', left < SHORT_MS);
    const seconds = Math.ceil(left / 1000);
    if (TOLD_AT.some((mark) => seconds <= mark && toldAt > mark))
      announce(say('countdown.left', { label, time: minutesAndSeconds(left) }));
    toldAt = seconds;
    if (left > 0) return;
    clearInterval(timer);
    onOver();
  };
  const timer = setInterval(tick, 250);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  tick();
  return box;
}
