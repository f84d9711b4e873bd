/** Drawing the hall on a canvas: one path a colour, and only what is in sight, so that 10,000 seats stay smooth. */

import { PITCH } from './layout.js';

const NUMBERS_FROM = 20;
const ROUND_FROM = 5;
const RADIUS = 0.4;

function seatPath(context, x, y, size) {
  const radius = size * RADIUS;
  if (size < ROUND_FROM) context.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  else
    context.roundRect(x - radius, y - radius, 2 * radius, 2 * radius, [
      radius * 0.9,
      radius * 0.9,
      radius * 0.45,
      radius * 0.45,
    ]);
}

function kindOf(seat, state) {
  if (state.chosen.has(seat.id)) return 'chosen';
  if (seat.status !== 'available') return 'taken';
  if (state.price !== null && seat.price !== state.price) return 'faded';
  return state.tiers.get(seat.price);
}

function inSight(spots, { scale, x, y }, width, height) {
  const edge = PITCH * scale;
  return spots.filter((spot) => {
    const left = spot.x * scale + x;
    const top = spot.y * scale + y;
    return left > -edge && top > -edge && left < width + edge && top < height + edge;
  });
}

function group(spots, state) {
  const groups = new Map();
  for (const spot of spots) {
    const kind = kindOf(spot.seat, state);
    if (!groups.has(kind)) groups.set(kind, []);
    groups.get(kind).push(spot);
  }
  return groups;
}

function paint(context, kind, spots, view, colours) {
  const size = PITCH * view.scale;
  context.beginPath();
  for (const spot of spots)
    seatPath(context, spot.x * view.scale + view.x, spot.y * view.scale + view.y, kind === 'taken' ? size * 0.7 : size);
  context.globalAlpha = kind === 'faded' ? 0.45 : 1;
  context.fillStyle =
    { chosen: colours.chosen, taken: colours.taken, faded: colours.taken }[kind] ?? colours.tiers[kind];
  context.fill();
  context.globalAlpha = 1;
}

function write(context, spots, view, colours, text, colour) {
  const size = PITCH * view.scale;
  context.font = `600 ${Math.min(15, size * 0.38)}px system-ui, sans-serif`;
  context.fillStyle = colour;
  for (const spot of spots)
    context.fillText(text(spot.seat), spot.x * view.scale + view.x, spot.y * view.scale + view.y + 0.5);
}

function drawStage(context, { scale, x, y }, colours, text) {
  const width = Math.min(300, 150 + 40 / scale) * scale;
  const height = 20 * scale;
  context.beginPath();
  context.roundRect(x - width / 2, y - height * 0.4, width, height, [4, 4, height / 2, height / 2]);
  context.fillStyle = colours.stage;
  context.fill();
  context.font = `700 ${Math.max(10, Math.min(18, 8 * scale))}px system-ui, sans-serif`;
  context.fillStyle = colours.paper;
  context.fillText(text, x, y + height * 0.1);
}

function drawLabels(context, labels, { scale, x, y }, colours) {
  context.font = `700 ${Math.max(11, Math.min(16, 9 * scale))}px system-ui, sans-serif`;
  context.fillStyle = colours.soft;
  for (const label of labels) context.fillText(label.text, label.x * scale + x, label.y * scale + y);
}

function drawCursor(context, spot, view, colours) {
  const size = PITCH * view.scale;
  context.lineWidth = 2.5;
  context.strokeStyle = colours.ink;
  context.strokeRect(spot.x * view.scale + view.x - size / 2, spot.y * view.scale + view.y - size / 2, size, size);
}

/**
 * Draw `hall` as `view` (`{scale, x, y}`, CSS pixels) sees it. `state` holds `chosen` (a Map by id), `price` (the only one
 * to show in colour, or null), `tiers`, `cursor` (a spot or null) and `stage` (the word on it).
 */
export function draw(context, { width, height, hall, view, state, colours }) {
  context.clearRect(0, 0, width, height);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  drawStage(context, view, colours, state.stage);
  drawLabels(context, hall.labels, view, colours);
  const groups = group(inSight(hall.spots, view, width, height), state);
  for (const [kind, spots] of groups) {
    paint(context, kind, spots, view, colours);
    if (PITCH * view.scale < NUMBERS_FROM || kind === 'taken') continue;
    const onColour = kind === 'chosen' ? colours.paper : kind === 'faded' ? colours.ink : colours.onTier;
    write(context, spots, view, colours, (seat) => (kind === 'chosen' ? '✓' : String(seat.number)), onColour);
  }
  if (state.cursor) drawCursor(context, state.cursor, view, colours);
}
