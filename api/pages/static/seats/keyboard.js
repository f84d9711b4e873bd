/** The map by keyboard: arrows walk from seat to seat, Enter or the space bar chooses, + - 0 zoom. */

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ASIDE = 3;

/** The closest spot from `from` in a direction; going aside counts more than going on. */
function nextSpot(spots, from, [dx, dy]) {
  let best = null;
  let least = Infinity;
  for (const spot of spots) {
    const along = (spot.x - from.x) * dx + (spot.y - from.y) * dy;
    const aside = Math.abs((spot.x - from.x) * dy) + Math.abs((spot.y - from.y) * dx);
    const cost = along + ASIDE * aside;
    if (along > 1 && along > aside && cost < least) [best, least] = [spot, cost];
  }
  return best;
}

/** Listen on `box`; `cursor()` and `setCursor(spot)` keep the place, `choose(spot)` takes it. */
export function listenToKeys(box, { hall, view, cursor, setCursor, choose, signal }) {
  const first = () => hall.spots.find(({ seat }) => seat.status === 'available') ?? hall.spots[0];
  const zooms = {
    '+': () => view.zoom(1.4),
    '=': () => view.zoom(1.4),
    '-': () => view.zoom(1 / 1.4),
    0: () => view.fit(),
  };
  const act = (key) => {
    if (key in DIRECTIONS)
      return setCursor(cursor() ? (nextSpot(hall.spots, cursor(), DIRECTIONS[key]) ?? cursor()) : first());
    if (key in zooms) return zooms[key]();
    return cursor() && choose(cursor());
  };
  box.addEventListener(
    'keydown',
    (event) => {
      if (!(event.key in DIRECTIONS) && !(event.key in zooms) && !['Enter', ' '].includes(event.key)) return;
      if (event.ctrlKey || event.metaKey || event.target !== box) return;
      event.preventDefault();
      act(event.key);
    },
    { signal },
  );
  box.addEventListener(
    'focus',
    () => {
      if (!cursor() && box.matches(':focus-visible')) setCursor(first());
    },
    { signal },
  );
  box.addEventListener('blur', () => setCursor(null), { signal });
}
