/** Finding seats side by side: for a fan who lets us choose, and for one whose seats were just taken. */

import { PITCH } from './layout.js';

function rowsOf(spots) {
  const rows = new Map();
  for (const spot of spots) {
    const key = `${spot.seat.section}\u0000${spot.seat.row}`;
    if (!rows.has(key)) rows.set(key, []);
    rows.get(key).push(spot);
  }
  return rows.values();
}

function neighbours(row, count) {
  const groups = [];
  for (let start = 0; start + count <= row.length; start += 1) {
    const group = row.slice(start, start + count);
    // Neither a taken seat nor an aisle lies between them.
    if (group.every((spot, index) => index === 0 || spot.x - group[index - 1].x < PITCH * 1.5)) groups.push(group);
  }
  return groups;
}

const middle = (group, axis) => group.reduce((sum, spot) => sum + spot[axis], 0) / group.length;

/**
 * The `count` free neighbours closest to `point` as spots; of `price` when one is given and such are left. A row further
 * back counts double. Null when there are none side by side.
 */
export function closestTogether(spots, count, point, price = null) {
  const free = spots.filter(({ seat }) => seat.status === 'available' && (price === null || seat.price === price));
  const far = (group) => Math.hypot(middle(group, 'x') - point.x, 2 * (middle(group, 'y') - point.y));
  let best = null;
  for (const row of rowsOf(free)) {
    for (const group of neighbours(row, count)) {
      if (best === null || far(group) < far(best)) best = group;
    }
  }
  return best ?? (price === null ? null : closestTogether(spots, count, point));
}
