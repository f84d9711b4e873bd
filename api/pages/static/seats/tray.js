/** What is chosen so far, what it costs, and the button that holds it. */

import { h, show } from '../screen/dom.js';
import { money, seatName } from '../screen/figures.js';
import { say } from '../screen/words.js';

function chip(seat, onRemove) {
  return h(
    'li',
    { class: 'chip' },
    h('span', null, seatName(seat)),
    h(
      'button',
      { type: 'button', 'aria-label': say('choice.remove', { name: seatName(seat) }), onclick: () => onRemove(seat) },
      '×',
    ),
  );
}

/** What is scrolled to, or focused, stops above `element`, which stays at the foot of the window; until `signal` aborts. */
function keepClear(element, signal) {
  const root = document.documentElement.style;
  const clear = () => root.setProperty('scroll-padding-bottom', `${element.offsetHeight}px`);
  const sized = new ResizeObserver(clear);
  sized.observe(element);
  signal.addEventListener(
    'abort',
    () => {
      sized.disconnect();
      root.removeProperty('scroll-padding-bottom');
    },
    { once: true },
  );
  return clear;
}

/** Build the tray of `choice` below `messages`; `onHold()` returns a promise. Returns `{element, refresh}`. */
export function tray(choice, most, messages, { onHold, signal }) {
  const chips = h('ul', { class: 'chips', 'aria-label': say('choice.chosen') });
  const total = h('p', { class: 'tray-total' });
  const button = h('button', { class: 'strong', type: 'button', onclick: () => press() });
  const element = h(
    'section',
    { class: 'tray', 'aria-label': say('choice.chosen') },
    messages,
    chips,
    h('div', { class: 'tray-row' }, total, button),
  );
  const clear = keepClear(element, signal);
  let busy = false;

  const refresh = () => {
    const seats = [...choice.state.chosen.values()];
    show(
      chips,
      seats.map((seat) => chip(seat, (gone) => choice.toggle(gone))),
    );
    chips.hidden = !seats.length;
    total.textContent = seats.length
      ? money(seats.reduce((sum, seat) => sum + seat.price, 0))
      : say('choice.empty', { count: most });
    total.classList.toggle('soft', !seats.length);
    button.setAttribute('aria-disabled', String(busy || !seats.length));
    button.textContent = say(busy ? 'choice.holding' : choice.action);
    clear();
  };
  const press = async () => {
    if (busy || !choice.state.chosen.size) return;
    busy = true;
    refresh();
    await onHold();
    busy = false;
    refresh();
  };
  refresh();
  return { element, refresh };
}
