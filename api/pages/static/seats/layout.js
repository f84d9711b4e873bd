/** Where each seat stands in the drawn hall: sections as blocks of gently bent rows, in tiers before the stage. */

export const PITCH = 10;
const GAP = 24;
const LABEL = 22;
const ROW_NAME = 14;
const AISLE_FROM = 24;
const STAGE = 46;
const BEND = 0.1;

function blocksOf(seats) {
  const blocks = new Map();
  for (const seat of seats) {
    if (!blocks.has(seat.section)) blocks.set(seat.section, new Map());
    const rows = blocks.get(seat.section);
    if (!rows.has(seat.row)) rows.set(seat.row, []);
    rows.get(seat.row).push(seat);
  }
  return [...blocks].map(([name, rows]) => measured(name, rows));
}

/** Long rows are cut by an aisle or two, as a hall's are, which also helps the eye to count. */
const aislesOf = (length) => (length > 2 * AISLE_FROM ? 2 : Number(length > AISLE_FROM));

function measured(name, rows) {
  const longest = Math.max(...[...rows.values()].map((row) => row.length));
  return { name, rows, longest, width: (longest + aislesOf(longest)) * PITCH + 2 * ROW_NAME, height: rows.size * PITCH };
}

function tiersOf(blocks) {
  const widest = Math.max(480, ...blocks.map((block) => block.width));
  const tiers = [];
  for (const block of blocks) {
    const tier = tiers.at(-1);
    const width = tier ? tier.reduce((sum, one) => sum + one.width + GAP, 0) + block.width : Infinity;
    if (width <= widest) tier.push(block);
    else tiers.push([block]);
  }
  return tiers;
}

function placeRow(row, block, left, y) {
  const aisles = aislesOf(block.longest);
  const part = Math.ceil(block.longest / (aisles + 1));
  const start = left + ROW_NAME + ((block.longest - row.length) * PITCH) / 2;
  return row
    .sort((one, other) => one.number - other.number)
    .map((seat, index) => {
      const aisle = Math.min(aisles, Math.floor(index / part));
      return { seat, x: start + (index + aisle + 0.5) * PITCH, y };
    });
}

function placeTier(tier, top, hall) {
  const width = tier.reduce((sum, block) => sum + block.width + GAP, -GAP);
  let left = -width / 2;
  for (const block of tier) {
    const depth = LABEL / 2 + block.height;
    hall.labels.push({ text: block.name, x: left + block.width / 2, y: top + LABEL / 2, width: block.width, depth });
    [...block.rows]
      .sort(([one], [other]) => one - other)
      .forEach(([name, row], index) => {
        const spots = placeRow(row, block, left, top + LABEL + (index + 0.5) * PITCH);
        hall.spots.push(...spots);
        hall.rows.push({ name, index, spots });
      });
    left += block.width + GAP;
  }
  hall.width = Math.max(hall.width, width);
  return top + LABEL + Math.max(...tier.map((block) => block.height)) + GAP;
}

/** Rows bend towards the stage at their ends. */
function bend(points, halfWidth) {
  const lift = (x) => BEND * halfWidth * (x / halfWidth) ** 2;
  const most = lift(halfWidth);
  for (const point of points) point.y += most - lift(point.x);
}

/**
 * Lay out `seats` as the API tells them. Returns `{spots: [{seat, x, y}], byId, rows, labels, width, height}` with the middle
 * of the stage's front at (0, 0) and one seat every PITCH units. A row is `{name, index, spots}`, `index` counted within its
 * section; a label `{text, x, y, width, depth}` names the section whose seats lie as wide around it and as deep below it.
 */
export function layOut(seats) {
  const hall = { spots: [], rows: [], labels: [], width: 0, height: 0 };
  hall.height = tiersOf(blocksOf(seats)).reduce((top, tier) => placeTier(tier, top, hall), STAGE / 2);
  bend([...hall.spots, ...hall.labels], hall.width / 2);
  hall.height += (BEND * hall.width) / 2;
  hall.byId = new Map(hall.spots.map((spot) => [spot.seat.id, spot]));
  return hall;
}
