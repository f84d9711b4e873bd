/** Sections of seats from a CSV: `name,rows,seats_per_row,price`, a section a line. */

import { wholeIn } from '../screen/number-field.js';

const COLUMNS = ['name', 'rows', 'seats_per_row', 'price'];

/** The text of a file; null when it is not in UTF-8, as nobody knows then what its letters are. */
export async function readFile(file) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    return null;
  }
}

/** The cells of one line; quotes may hold commas and doubled quotes. */
export function cellsOf(line) {
  const cells = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)];
  return cells.map(([, quoted, plain]) => (quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"')));
}

function sectionOf(cells, order, line) {
  const cell = (name) => cells[order.indexOf(name)] ?? '';
  const numbers = COLUMNS.slice(1).map((name) => [name, wholeIn(cell(name))]);
  const wrong = numbers.find(
    ([name, value]) => value === null || value < (name === 'price' ? 0 : 1),
  );
  if (!cell('name') || wrong) return { line, column: cell('name') ? wrong[0] : 'name' };
  return { name: cell('name'), ...Object.fromEntries(numbers) };
}

/**
 * `{sections, faults}` of a text; a fault is `{line, column}`, lines counted from 1. A first line of column names may
 * give another order.
 */
export function readSections(text) {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => ({ cells: cellsOf(line), line: index + 1, empty: !line.trim() }))
    .filter(({ empty }) => !empty);
  const head = lines[0]?.cells.map((cell) => cell.toLowerCase()) ?? [];
  const named = COLUMNS.every((name) => head.includes(name));
  const read = (named ? lines.slice(1) : lines).map(({ cells, line }) =>
    sectionOf(cells, named ? head : COLUMNS, line),
  );
  return { sections: read.filter((section) => !section.line), faults: read.filter((section) => section.line) };
}
