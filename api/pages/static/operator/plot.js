/** A plot over time: lines on a grid, small enough to be read at a glance. */

import { h, svg } from '../screen/dom.js';
import { figure } from '../screen/words.js';

const WIDTH = 520;
const HEIGHT = 190;
const EDGE = { left: 44, right: 10, top: 10, bottom: 24 };

/** The next round number of 1, 2, 5 times a power of ten that is not below `value`. */
export function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? 1;
}

/** Where each of `count` values stands: by its time where times are known, else at even distances. */
function placesOf(count, times) {
  const span = count > 1 && times ? times.at(-1) - times[0] : 0;
  const share = (index) => (span > 0 ? (times[index] - times[0]) / span : count > 1 ? index / (count - 1) : 1);
  return Array.from({ length: count }, (_, index) => EDGE.left + share(index) * (WIDTH - EDGE.left - EDGE.right));
}
const up = (value, most) => HEIGHT - EDGE.bottom - (value / most) * (HEIGHT - EDGE.top - EDGE.bottom);

function grid(most) {
  return [0, 0.5, 1].map((part) => {
    const y = up(part * most, most);
    return [
      svg('line', { x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y, y2: y, class: 'plot-grid' }),
      svg('text', { x: EDGE.left - 8, y: y + 4, 'text-anchor': 'end', class: 'plot-text' }, figure(part * most)),
    ];
  });
}

function line({ values }, most, index, times) {
  const places = placesOf(values.length, times);
  const points = values.map((value, at) => `${places[at].toFixed(1)},${up(value, most).toFixed(1)}`);
  const last = [places.at(-1), up(values.at(-1) ?? 0, most)];
  return [
    svg('polyline', { points: points.join(' '), class: `plot-line plot-${index + 1}` }),
    svg('circle', { cx: last[0], cy: last[1], r: 3.5, class: `plot-dot plot-${index + 1}` }),
  ];
}

const key = ({ name, values }, index) =>
  h(
    'li',
    null,
    h('span', { class: `plot-key plot-${index + 1}`, 'aria-hidden': 'true' }),
    h('span', null, name),
    h('b', null, figure(values.at(-1) ?? 0)),
  );

/**
 * A figure of `series` (`[{name, values}]`, oldest value first), titled, with `from` and `to` below the time axis; `times`
 * say when each value was taken, where that was not at even distances.
 * Its newest values stand in the legend as text, which is also what a screen reader gets.
 */
export function plot(title, series, { from, to, times = null }) {
  const most = roundUp(Math.max(2, ...series.flatMap(({ values }) => values)));
  return h(
    'figure',
    { class: 'plot' },
    h('figcaption', null, title),
    svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' },
      grid(most),
      series.map((one, index) => line(one, most, index, times)),
      svg('text', { x: EDGE.left, y: HEIGHT - 6, class: 'plot-text' }, from),
      svg('text', { x: WIDTH - EDGE.right, y: HEIGHT - 6, 'text-anchor': 'end', class: 'plot-text' }, to),
    ),
    h('ul', { class: 'plot-legend' }, series.map(key)),
  );
}
