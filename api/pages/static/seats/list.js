/** The same seats as a list by section and row, for whom a list is easier than a map. */

import { h, show } from '../screen/dom.js';
import { money } from '../screen/figures.js';
import { say } from '../screen/words.js';

function seatButton(seat, chosen, onChoose) {
  const free = seat.status === 'available';
  return h(
    'button',
    {
      type: 'button',
      class: 'seat-button',
      'aria-pressed': free ? String(chosen) : null,
      'aria-disabled': free ? null : 'true',
      onclick: () => free && onChoose(seat),
      'aria-label': say(free ? 'list.seat' : 'list.seat.taken', {
        number: String(seat.number),
        price: money(seat.price),
      }),
    },
    String(seat.number),
  );
}

const options = (values, text) => values.map((value) => h('option', { value }, text(value)));

/** Build the list; returns `{element, refresh}`. It is drawn only while it is open. */
export function seatList(seats, state, onChoose) {
  const sections = [...new Set(seats.map((seat) => seat.section))];
  const section = h(
    'select',
    { id: 'list-section' },
    options(sections, (name) => name),
  );
  const row = h('select', { id: 'list-row' });
  const buttons = h('div', { class: 'seat-buttons', role: 'group', 'aria-label': say('list.seats') });
  const rowsOf = () => [...new Set(seats.filter((seat) => seat.section === section.value).map((seat) => seat.row))];
  const freeIn = (number) =>
    seats.filter((seat) => seat.section === section.value && seat.row === number && seat.status === 'available').length;

  const refresh = () => {
    if (!element.open) return;
    const focused = [...buttons.children].indexOf(document.activeElement);
    const shown = seats.filter((seat) => seat.section === section.value && seat.row === Number(row.value));
    show(
      buttons,
      shown.map((seat) => seatButton(seat, state.chosen.has(seat.id), onChoose)),
    );
    buttons.children[focused]?.focus();
  };
  const fillRows = () => {
    show(
      row,
      options(rowsOf(), (number) => say('list.row', { row: String(number), count: freeIn(number) })),
    );
    refresh();
  };
  section.addEventListener('change', fillRows);
  row.addEventListener('change', refresh);
  const element = h(
    'details',
    { class: 'seat-list', ontoggle: fillRows },
    h('summary', null, say('list.title')),
    h(
      'div',
      { class: 'row' },
      h('label', { for: 'list-section' }, say('list.section')),
      section,
      h('label', { for: 'list-row' }, say('list.row.label')),
      row,
    ),
    buttons,
  );
  return { element, refresh };
}
