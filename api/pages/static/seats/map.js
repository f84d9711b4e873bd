/** The seat map: canvas, gestures and keyboard put together. */

import { announce } from '../screen/announce.js';
import { h } from '../screen/dom.js';
import { say } from '../screen/words.js';
import { draw } from './drawing.js';
import { listenToGestures } from './gestures.js';
import { listenToKeys } from './keyboard.js';
import { PITCH } from './layout.js';
import { palette } from './palette.js';
import { viewOnto } from './view.js';

const FINGER = 18;
const CLOSE_UP = 30;

function closest(hall, point) {
  let best = null;
  let least = PITCH * 0.75;
  for (const spot of hall.spots) {
    const far = Math.hypot(spot.x - point.x, spot.y - point.y);
    if (far < least) [best, least] = [spot, far];
  }
  return best;
}

const button = (sign, label, onclick) =>
  h('button', { type: 'button', class: 'map-button', 'aria-label': label, onclick }, sign);

const tools = (view, zoom) =>
  h(
    'div',
    { class: 'map-buttons' },
    h('span', { class: 'soft', 'aria-hidden': 'true' }, say('map.how')),
    button('+', say('map.closer'), () => zoom(1.6)),
    button('−', say('map.further'), () => zoom(1 / 1.6)),
    button('⤢', say('map.whole'), () => view.fit()),
  );

/**
 * Build the map of `hall`. `state` is drawn (see drawing.js), its `look.spoken(seat)` is what a seat is called, `chosen` a Map
 * of seats by id to zoom in on; `onChoose(seat)` is called for a seat that is tapped or taken by key. Returns `{element, redraw, view, sees, show}`:
 * `redraw()` after any change of `state` or of a seat, `sees(id)` tells whether a fan who came closer has that seat in sight,
 * `show(spots)` brings these into sight, on the map and on the page.
 */
export function seatMap(hall, state, { onChoose, signal }) {
  const box = h('div', {
    class: 'map',
    role: 'application',
    tabindex: 0,
    'aria-label': say('map.label'),
    'aria-describedby': 'map-hint',
  });
  const tip = h('div', { class: 'map-tip', 'aria-hidden': 'true', hidden: true });
  const canvas = h('canvas', { class: 'map-canvas', 'aria-hidden': 'true' });
  const context = canvas.getContext('2d');
  const area = h('div', { class: 'map-area' }, canvas, tip);
  const size = () => ({ width: area.clientWidth, height: area.clientHeight });
  let colours = palette();
  let asked = false;

  const paint = () => {
    asked = false;
    const { width, height } = size();
    const density = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
      canvas.width = Math.round(width * density);
      canvas.height = Math.round(height * density);
    }
    context.setTransform(density, 0, 0, density, 0, 0);
    draw(context, { width, height, hall, view, state, colours });
  };
  const redraw = () => {
    if (!asked) requestAnimationFrame(paint);
    asked = true;
  };
  const view = viewOnto(hall, size, () => {
    // A swipe over the whole hall scrolls the page; one over a part of it moves the map.
    canvas.classList.toggle('map-zoomed', view.zoomed);
    redraw();
  });

  const choose = (spot) => {
    onChoose(spot.seat);
    redraw();
  };
  const setCursor = (spot) => {
    state.cursor = spot;
    if (spot) {
      if (view.seatSize() < CLOSE_UP) view.zoom(CLOSE_UP / view.seatSize());
      view.bring(spot);
      announce(state.look.spoken(spot.seat));
    }
    redraw();
  };
  const onTap = (x, y, coarse) => {
    // A seat too small for a finger is come closer to first, rather than guessed.
    if (coarse && view.seatSize() < FINGER) return view.zoom(CLOSE_UP / view.seatSize(), x, y);
    const spot = closest(hall, view.under(x, y));
    return spot ? choose(spot) : undefined;
  };
  const onHover = (x, y) => {
    const spot = closest(hall, view.under(x, y));
    tip.hidden = !spot;
    if (!spot) return;
    tip.textContent = state.look.spoken(spot.seat);
    const { width } = size();
    tip.style.setProperty(
      'transform',
      `translate(${Math.min(Math.max(x, 90), width - 90)}px, ${y > 60 ? y - 14 : y + 54}px) translate(-50%, -100%)`,
    );
  };

  // Without a finger or a mouse to say where, what is chosen is what the fan wants to see.
  const zoom = (factor) => {
    const [chosen] = state.chosen.keys();
    const { x, y } = hall.byId.get(chosen) ?? view.under(size().width / 2, size().height / 2);
    view.zoom(factor, x * view.scale + view.x, y * view.scale + view.y);
  };
  box.append(area, tools(view, zoom));
  listenToGestures(canvas, view, { onTap, onHover, signal });
  canvas.addEventListener(
    'pointerleave',
    () => {
      tip.hidden = true;
    },
    { signal },
  );
  listenToKeys(box, { hall, view, cursor: () => state.cursor, setCursor, choose, signal });
  const sized = new ResizeObserver(() => (view.zoomed ? redraw() : view.fit()));
  sized.observe(area);
  signal.addEventListener('abort', () => sized.disconnect(), { once: true });
  matchMedia('(prefers-color-scheme: dark)').addEventListener(
    'change',
    () => {
      colours = palette();
      redraw();
    },
    { signal },
  );
  const sees = (id) => view.zoomed && view.contains(hall.byId.get(id));
  const show = (spots) => {
    view.show(spots, Math.max(CLOSE_UP, view.seatSize()));
    const box = canvas.getBoundingClientRect();
    const covered = ({ x, y }) =>
      document.elementFromPoint(box.left + x * view.scale + view.x, box.top + y * view.scale + view.y) !== canvas;
    if (spots.some(covered)) area.scrollIntoView({ block: 'center' });
  };
  return { element: box, redraw, view, sees, show };
}
