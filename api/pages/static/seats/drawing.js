/** Drawing the hall on a canvas: one path a colour, and only what is in sight, so that 10,000 seats stay smooth. */

import { drawRows, drawSections } from './labels.js';
import { PITCH } from './layout.js';

const NUMBERS_FROM = 20;
const ROUND_FROM = 5;
const RADIUS = 0.4;
const HOLE = 0.22;
const LEAST_STAGE = 15;

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

function inSight(spots, { scale, x, y }, width, height) {
  const edge = PITCH * scale;
  return spots.filter((spot) => {
    const left = spot.x * scale + x;
    const top = spot.y * scale + y;
    return left > -edge && top > -edge && left < width + edge && top < height + edge;
  });
}

function group(spots, look) {
  const groups = new Map();
  for (const spot of spots) {
    const kind = look.kind(spot.seat);
    if (!groups.has(kind)) groups.set(kind, []);
    groups.get(kind).push(spot);
  }
  return groups;
}

function paint(context, spots, view, { fill, part = 1, alpha = 1, hollow = false }) {
  const size = PITCH * view.scale;
  const hole = hollow && size >= ROUND_FROM ? size * HOLE : 0;
  context.beginPath();
  for (const spot of spots) {
    const [x, y] = [spot.x * view.scale + view.x, spot.y * view.scale + view.y];
    seatPath(context, x, y, size * part);
    if (hole) context.rect(x - hole, y - hole, 2 * hole, 2 * hole);
  }
  context.globalAlpha = alpha;
  context.fillStyle = fill;
  context.fill('evenodd');
  context.globalAlpha = 1;
}

function write(context, spots, view, { text, mark = null }) {
  const size = PITCH * view.scale;
  context.font = `600 ${Math.min(15, size * 0.38)}px system-ui, sans-serif`;
  context.fillStyle = text;
  for (const { seat, x, y } of spots)
    context.fillText(mark ?? String(seat.number), x * view.scale + view.x, y * view.scale + view.y + 0.5);
}

function drawStage(context, hall, { scale, x, y }, colours, text) {
  const width = Math.min(300, 150 + 40 / scale, hall.width) * scale;
  const height = Math.max(LEAST_STAGE, 20 * scale);
  context.beginPath();
  context.roundRect(x - width / 2, y - height * 0.4, width, height, [4, 4, height / 2, height / 2]);
  context.fillStyle = colours.stage;
  context.fill();
  context.font = `700 ${Math.max(10, Math.min(18, 8 * scale))}px system-ui, sans-serif`;
  context.fillStyle = colours.paper;
  context.fillText(text, x, y + height * 0.1);
}

function drawCursor(context, spot, view, colours) {
  const size = PITCH * view.scale;
  context.lineWidth = 2.5;
  context.strokeStyle = colours.ink;
  context.strokeRect(spot.x * view.scale + view.x - size / 2, spot.y * view.scale + view.y - size / 2, size, size);
}

/**
 * Draw `hall` as `view` (`{scale, x, y}`, CSS pixels) sees it. `state` holds `cursor` (a spot or null), `stage` (the word
 * on it) and `look`, which sorts seats into kinds: `kind(seat)` names one, `style(kind, colours)` tells how it is drawn:
 * `{fill, text, mark, part, alpha, hollow}`. Close by, the seat's number or `mark` stands on it in the colour `text`; without
 * one nothing does.
 */
export function draw(context, { width, height, hall, view, state, colours }) {
  context.clearRect(0, 0, width, height);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  drawStage(context, hall, view, colours, state.stage);
  for (const [kind, spots] of group(inSight(hall.spots, view, width, height), state.look)) {
    const style = state.look.style(kind, colours);
    paint(context, spots, view, style);
    if (PITCH * view.scale >= NUMBERS_FROM && style.text) write(context, spots, view, style);
  }
  const scene = { width, height, view, colours };
  drawRows(context, hall.rows, scene);
  drawSections(context, hall.labels, scene);
  if (state.cursor) drawCursor(context, state.cursor, view, colours);
}
