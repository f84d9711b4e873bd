/** What operators did: who, when (to the second), what, and what it was before. */

import { h, show } from '../screen/dom.js';
import { exactMoment, isAmount, money } from '../screen/figures.js';
import { refusal } from '../screen/notice.js';
import { once } from '../screen/once.js';
import { isSaid, say } from '../screen/words.js';
import { askAsOperator, ifOffered } from './asking.js';
import { panel } from './panel.js';

const PAGE = 100;
const named = (action) => (isSaid(`audit.${action}`) ? say(`audit.${action}`) : action);
const written = (name, value) => (isAmount(name) ? money(value) : String(value ?? '∞'));

/** `state: open → paused`; of a deed that changed nothing that was there, what it says alone. */
function detailOf({ before = {}, ...detail }) {
  const was = (name) => (name in before ? `${written(name, before[name])} → ` : '');
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${was(name)}${written(name, value)}`)
    .join(', ');
}

const row =
  (zone) =>
  ({ at, user_id: who, action, target, detail }) =>
    h(
      'tr',
      null,
      h('td', null, exactMoment(at, zone)),
      h('td', null, who),
      h('td', null, named(action)),
      h('td', null, target ?? ''),
      h('td', null, detailOf(detail ?? {})),
    );

function tableOf(body) {
  const heads = ['at', 'who', 'what', 'target', 'detail'].map((name) =>
    h('th', { scope: 'col' }, say(`audit.${name}`)),
  );
  return h(
    'div',
    { class: 'table-box', tabindex: 0, role: 'region', 'aria-label': say('audit.title') },
    h('table', null, h('thead', null, h('tr', null, heads)), body),
  );
}

/** The panel, of what concerns `concert` or of everything; it says so where this service keeps no trail. */
export function audit(signal, concert = null) {
  const content = h('div', { class: 'stack' }, h('p', { class: 'busy' }, say('loading')));
  const rows = h('tbody');
  const more = h('button', { type: 'button', class: 'plain', onclick: once(() => add()) }, say('audit.more'));
  let cursor = null;
  const pathOf = (from) => {
    const about = concert ? `&concert_id=${concert.id}` : '';
    return `/v1/operator/audit?limit=${PAGE}${about}${from ? `&cursor=${encodeURIComponent(from)}` : ''}`;
  };
  const page = async (from) => (await ifOffered(() => askAsOperator('GET', pathOf(from), { signal })))?.body;
  const take = ({ items, next_cursor: next }) => {
    rows.append(...items.map(row(concert?.timezone)));
    cursor = next;
    more.hidden = cursor === null;
  };
  const failed = (error) => {
    if (!signal.aborted) show(content, refusal(error));
  };
  const add = () => page(cursor).then(take).catch(failed);
  const fill = async () => {
    const first = await page(null);
    if (!first) return show(content, h('p', { class: 'soft' }, say('console.not-offered')));
    rows.replaceChildren();
    take(first);
    return show(content, first.items.length ? [tableOf(rows), more] : h('p', { class: 'soft' }, say('audit.empty')));
  };
  const refresh = () => fill().catch(failed);
  refresh();
  const element = panel(say('audit.title'), content);
  element.classList.add('panel-wide');
  return { element, refresh };
}
