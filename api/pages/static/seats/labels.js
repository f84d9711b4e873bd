/**
 * The names of rows and sections on the drawn hall: beside their rows and above their blocks, and at the edge of the window
 * while those places are out of sight. Nothing is written smaller than it can be read; what finds no room comes with zooming.
 */

import { say } from '../screen/words.js';
import { PITCH } from './layout.js';

const LEAST = 10;
const LINE = 1.25;
const EDGE = 5;
const STEPS = [1, 2, 5, 10, 20, 50];

const within = (value, least, most) => Math.max(least, Math.min(most, value));

/** Write `text` around (`x`, `y`); on seats it stands on a plate, elsewhere in a halo of the paper's colour. */
function write(context, text, x, y, size, { colours, plate }) {
  if (plate) {
    const wide = context.measureText(text).width + 8;
    context.globalAlpha = 0.9;
    context.fillStyle = colours.paper;
    context.beginPath();
    context.roundRect(x - wide / 2, y - (size * LINE) / 2 - 1, wide, size * LINE + 2, 5);
    context.fill();
    context.globalAlpha = 1;
  } else {
    context.strokeStyle = colours.paper;
    context.lineWidth = 4;
    context.lineJoin = 'round';
    context.strokeText(text, x, y);
  }
  context.fillStyle = colours.soft;
  context.fillText(text, x, y);
}

/** `text`, cut where `room` ends; nothing where less than two letters would be left of it. */
function cut(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  const letters = [...text];
  while (letters.length > 2) {
    letters.pop();
    const shorter = `${letters.join('')}…`;
    if (context.measureText(shorter).width <= room) return shorter;
  }
  return '';
}

/** Where the name of `row` stands, or null: left of its first seat, or at the window's edge while that is out of sight. */
function placeOf(row, wide, { width, height, view }) {
  const at = (spot) => spot.x * view.scale + view.x;
  const home = at(row.spots[0]) - PITCH * view.scale * 0.7 - wide / 2;
  const plate = home - wide / 2 < EDGE;
  const x = plate ? EDGE + wide / 2 : home;
  if (x + wide / 2 > width) return null;
  const beside = plate ? row.spots.find((spot) => at(spot) > x) : row.spots[0];
  if (!beside) return null;
  const y = beside.y * view.scale + view.y;
  return y > 0 && y < height ? { x, y, plate } : null;
}

/** Name every row, or only every second, fifth … where the rows are closer than letters are tall. */
export function drawRows(context, rows, scene) {
  const pitch = PITCH * scene.view.scale;
  const size = within(pitch * 0.45, LEAST, 15);
  const step = STEPS.find((every) => every * pitch >= size * LINE) ?? STEPS.at(-1);
  context.font = `600 ${size}px system-ui, sans-serif`;
  for (const row of rows) {
    if (row.index % step) continue;
    const text = say('map.row', { row: String(row.name) });
    const place = placeOf(row, context.measureText(text).width, scene);
    if (place) write(context, text, place.x, place.y, size, { ...scene, plate: place.plate });
  }
}

/** Name every section of which something is in sight. */
export function drawSections(context, labels, scene) {
  const { width, height, view } = scene;
  const size = within(9 * view.scale, 11, 16);
  const tall = size * LINE;
  context.font = `700 ${size}px system-ui, sans-serif`;
  for (const label of labels) {
    const left = Math.max(EDGE, (label.x - label.width / 2) * view.scale + view.x);
    const right = Math.min(width - EDGE, (label.x + label.width / 2) * view.scale + view.x);
    const home = label.y * view.scale + view.y;
    const y = Math.max(home, EDGE + tall / 2);
    if (right <= left || y > height || (label.y + label.depth) * view.scale + view.y < y) continue;
    const text = cut(context, label.text, right - left);
    if (text) write(context, text, (left + right) / 2, y, size, { ...scene, plate: y > home });
  }
}
