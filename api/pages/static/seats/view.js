/** What part of the hall is seen: zooming about a point, moving, keeping the hall in sight. */

import { PITCH } from './layout.js';

const LARGEST_SEAT = 52;
const MARGIN = 14;

/** A view onto `hall` (see layout.js) in a window of `size()` CSS pixels; `onChange` is called after every move. */
export function viewOnto(hall, size, onChange) {
  const view = { scale: 1, x: 0, y: 0, zoomed: false };

  const fitting = () => {
    const { width, height } = size();
    return Math.min((width - 2 * MARGIN) / (hall.width || 1), (height - 2 * MARGIN) / (hall.height || 1), 4);
  };
  const keepInside = () => {
    const { width, height } = size();
    const half = (hall.width / 2) * view.scale;
    const tall = hall.height * view.scale;
    view.x =
      half * 2 < width - 2 * MARGIN ? width / 2 : Math.min(Math.max(view.x, width - MARGIN - half), MARGIN + half);
    const top = MARGIN + 12 * view.scale;
    view.y = tall < height - 2 * MARGIN ? top : Math.min(Math.max(view.y, height - MARGIN - tall), top);
    onChange();
  };

  return Object.assign(view, {
    /** Show the whole hall. */
    fit() {
      view.scale = fitting();
      view.zoomed = false;
      view.x = size().width / 2;
      view.y = 0;
      keepInside();
    },
    /** Zoom by `factor`, with the point (`x`, `y`) of the window staying where it is. */
    zoom(factor, x = size().width / 2, y = size().height / 2) {
      const scale = Math.min(LARGEST_SEAT / PITCH, Math.max(fitting(), view.scale * factor));
      const ratio = scale / view.scale;
      Object.assign(view, {
        scale,
        x: x - (x - view.x) * ratio,
        y: y - (y - view.y) * ratio,
        zoomed: scale > fitting() * 1.01,
      });
      keepInside();
    },
    move(dx, dy) {
      view.x += dx;
      view.y += dy;
      keepInside();
    },
    /** Bring a spot well into sight. */
    bring(spot, inner = 40) {
      const { width, height } = size();
      const left = spot.x * view.scale + view.x;
      const top = spot.y * view.scale + view.y;
      const by = (at, most) => Math.min(0, most - inner - at) + Math.max(0, inner - at);
      view.move(by(left, width), by(top, height));
    },
    /** Show `spots` together in the middle, with seats of about `seatSize` pixels, and less where they need more room. */
    show(spots, seatSize) {
      const { width, height } = size();
      const span = (axis) => {
        const all = spots.map((spot) => spot[axis]);
        return [Math.min(...all), Math.max(...all)];
      };
      const [[left, right], [top, bottom]] = [span('x'), span('y')];
      const room = Math.min(width / (right - left + 3 * PITCH), height / (bottom - top + 3 * PITCH));
      const scale = Math.max(fitting(), Math.min(LARGEST_SEAT, seatSize, room * PITCH) / PITCH);
      Object.assign(view, {
        scale,
        x: width / 2 - ((left + right) / 2) * scale,
        y: height / 2 - ((top + bottom) / 2) * scale,
        zoomed: scale > fitting() * 1.01,
      });
      keepInside();
    },
    contains(spot) {
      const { width, height } = size();
      const [left, top] = [spot.x * view.scale + view.x, spot.y * view.scale + view.y];
      return left > 0 && top > 0 && left < width && top < height;
    },
    /** The hall's point under the window's point. */
    under: (x, y) => ({ x: (x - view.x) / view.scale, y: (y - view.y) / view.scale }),
    seatSize: () => PITCH * view.scale,
  });
}
