/** Putting a concert on sale, from a form and a CSV of its sections. */

import { h, show } from '../screen/dom.js';
import { money } from '../screen/figures.js';
import { notice, refusal } from '../screen/notice.js';
import { once } from '../screen/once.js';
import { numberIn } from '../screen/number-field.js';
import { go } from '../screen/router.js';
import { confirmation } from '../screen/sheet.js';
import { figure, say } from '../screen/words.js';
import { isZone, momentIn, zoneNames } from '../screen/zones.js';
import { configuration } from '../keep/configuration.js';
import { serverNow } from '../talk/clock.js';
import { writer } from './asking.js';
import { aboutWish } from './wish-preview.js';
import { readFile, readSections } from './sections-csv.js';
import { CAPACITY, RATE } from './steering.js';

const HOUR = 3_600_000;
let datesDrawn = 0;
const EXAMPLE = 'name,rows,seats_per_row,price\nR,10,40,165000\nS,20,50,132000\nA,20,50,99000';

const field = (name, label, properties = {}, hint = null) =>
  h(
    'div',
    { class: 'form' },
    h('label', { for: name }, label),
    h('input', { id: name, name, ...properties, 'aria-describedby': hint ? `${name}-hint` : null }),
    hint ? h('p', { id: `${name}-hint`, class: 'soft' }, hint) : null,
  );

/** The time zone of the venue; a name that is none is refused at the field. */
const zoneField = () => [
  field(
    'timezone',
    say('create.timezone'),
    {
      required: true,
      autocomplete: 'off',
      list: 'zones',
      value: configuration.timezone,
      oninput: ({ target }) => target.setCustomValidity(isZone(target.value) ? '' : say('create.timezone.unknown')),
    },
    say('create.timezone.hint'),
  ),
  h(
    'datalist',
    { id: 'zones' },
    zoneNames().map((value) => h('option', { value })),
  ),
];

/** The first date that no clock in the zone will ever show, or undefined. */
function missingDate(form) {
  const data = new FormData(form);
  return data.getAll('starts_at').find((local) => !momentIn(local, data.get('timezone')));
}

function dateRow(list) {
  const id = `date-${(datesDrawn += 1)}`;
  const row = h(
    'div',
    { class: 'field-row' },
    h('label', { for: id, class: 'unseen' }, say('create.date')),
    h('input', { id, name: 'starts_at', type: 'datetime-local', required: true }),
    h(
      'button',
      {
        type: 'button',
        class: 'plain',
        'aria-label': say('create.date.remove'),
        onclick: () => {
          if (list.children.length > 1) row.remove();
        },
      },
      '×',
    ),
  );
  return row;
}

function performanceOf(local, zone, sections, begins) {
  const starts = momentIn(local, zone);
  return {
    starts_at: starts.toISOString(),
    reservable_from: new Date(begins).toISOString(),
    reservable_until: new Date(starts.getTime() - HOUR).toISOString(),
    sections,
  };
}

function preview(box, text) {
  const { sections, faults } = readSections(text);
  const seats = sections.reduce((sum, one) => sum + one.rows * one.seats_per_row, 0);
  const value = sections.reduce((sum, one) => sum + one.rows * one.seats_per_row * one.price, 0);
  show(
    box,
    faults.map(({ line, column }) => notice('bad', say('create.csv.fault', { line, column }))),
    faults.length
      ? null
      : h(
          'p',
          { class: 'soft' },
          say('create.csv.sum', { count: sections.length, seats: figure(seats), value: money(value) }),
        ),
  );
  return faults.length ? null : sections;
}

function sectionsField(box) {
  const area = h('textarea', {
    id: 'sections',
    name: 'sections',
    required: true,
    spellcheck: 'false',
    'aria-describedby': 'sections-hint',
    value: EXAMPLE,
    oninput: () => preview(box, area.value),
  });
  const onFile = async (event) => {
    const text = await readFile(event.target.files[0]);
    if (text === null) return show(box, notice('bad', say('create.csv.encoding')));
    area.value = text;
    return preview(box, area.value);
  };
  return h(
    'div',
    { class: 'form' },
    h('label', { for: 'sections' }, say('create.sections')),
    area,
    h('p', { id: 'sections-hint', class: 'soft' }, say('create.sections.hint')),
    box,
    h('label', { for: 'csv' }, say('create.csv')),
    h('input', { id: 'csv', type: 'file', accept: '.csv,text/csv', onchange: onFile }),
  );
}

function wishOf(form, sections, begins) {
  const data = new FormData(form);
  const [capacity, rate] = [numberIn(form.elements.capacity, CAPACITY), numberIn(form.elements.rate, RATE)];
  if (capacity === undefined || rate === undefined) return null;
  return {
    title: data.get('title').trim(),
    venue: data.get('venue').trim(),
    timezone: data.get('timezone'),
    // It is looked at first and opened on purpose.
    queue: { state: 'paused', capacity, admit_per_second: rate },
    performances: data.getAll('starts_at').map((local) => performanceOf(local, data.get('timezone'), sections, begins)),
  };
}

/** The form. */
export async function creation(main) {
  const messages = h('div');
  const sums = h('div', { class: 'stack' });
  const list = h('div', { class: 'stack' });
  list.append(dateRow(list));
  const write = writer();
  let begins = null;
  const onSubmit = once(async (event) => {
    const sections = preview(sums, event.target.elements.sections.value);
    if (!sections) return;
    const missing = missingDate(event.target);
    if (missing) {
      show(messages, notice('bad', say('create.date.missing', { date: missing.replace('T', ' ') })));
      messages.scrollIntoView({ block: 'center' });
      return;
    }
    // The same form is the same request, however often it has to be sent.
    begins ??= serverNow();
    const wish = wishOf(event.target, sections, begins);
    if (!wish || !(await confirmation(say('create.sure'), aboutWish(wish), say('create.do')))) return;
    try {
      const { body } = await write('POST', '/v1/operator/concerts', { body: wish });
      go(`/operator/concerts/${body.id}`);
    } catch (error) {
      show(messages, refusal(error));
      messages.scrollIntoView({ block: 'center' });
    }
  });
  show(
    main,
    h('h1', null, say('console.new')),
    h(
      'form',
      { class: 'creation', onsubmit: onSubmit },
      messages,
      h(
        'div',
        { class: 'two' },
        field('title', say('create.title'), { required: true, maxlength: 200 }),
        field('venue', say('create.venue'), { required: true, maxlength: 200 }),
      ),
      h(
        'div',
        { class: 'two' },
        field('capacity', say('steer.capacity'), { inputmode: 'numeric', value: '100' }, say('steer.capacity.hint')),
        field('rate', say('steer.rate'), { inputmode: 'decimal' }, say('steer.rate.hint')),
      ),
      h(
        'fieldset',
        null,
        h('legend', null, say('create.dates')),
        zoneField(),
        list,
        h(
          'button',
          { type: 'button', class: 'plain', onclick: () => list.append(dateRow(list)) },
          say('create.date.add'),
        ),
      ),
      sectionsField(sums),
      h('button', { class: 'strong', type: 'submit' }, say('create.preview')),
    ),
  );
  preview(sums, EXAMPLE);
}
