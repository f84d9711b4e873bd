/** What operators did: who, when, what. */

import { h, show } from '../screen/dom.js';
import { shortMoment } from '../screen/figures.js';
import { refusal } from '../screen/notice.js';
import { isSaid, say } from '../screen/words.js';
import { askAsOperator, ifOffered } from './asking.js';
import { panel } from './panel.js';

const named = (action) => (isSaid(`audit.${action}`) ? say(`audit.${action}`) : action);
const detailOf = (detail) =>
  detail
    ? Object.entries(detail)
        .map(([name, value]) => `${name}: ${value ?? '∞'}`)
        .join(', ')
    : '';
const row = ({ at, user_id: who, action, target, detail }) =>
  h(
    'tr',
    null,
    h('td', null, shortMoment(at)),
    h('td', null, who),
    h('td', null, named(action)),
    h('td', null, target ?? ''),
    h('td', null, detailOf(detail)),
  );

function table(items) {
  const heads = ['at', 'who', 'what', 'target', 'detail'].map((name) =>
    h('th', { scope: 'col' }, say(`audit.${name}`)),
  );
  return h(
    'div',
    { class: 'table-box', tabindex: 0, role: 'region', 'aria-label': say('audit.title') },
    h('table', null, h('thead', null, h('tr', null, heads)), h('tbody', null, items.map(row))),
  );
}

const concerns = ({ target, detail }, concertId) =>
  target === `concert:${concertId}` || detail?.concert_id === concertId;

/** The panel, of what concerns one concert or of everything; it says so where this service keeps no trail. */
export function audit(signal, concertId = null) {
  const body = h('div', null, h('p', { class: 'busy' }, say('loading')));
  const fill = async () => {
    const answer = await ifOffered(() => askAsOperator('GET', '/v1/operator/audit?limit=100', { signal }));
    if (!answer) return show(body, h('p', { class: 'soft' }, say('console.not-offered')));
    const items = answer.body.items.filter((item) => concertId === null || concerns(item, concertId));
    return show(body, items.length ? table(items) : h('p', { class: 'soft' }, say('audit.empty')));
  };
  const refresh = () =>
    fill().catch((error) => {
      if (!signal.aborted) show(body, refusal(error));
    });
  refresh();
  const element = panel(say('audit.title'), body);
  element.classList.add('panel-wide');
  return { element, refresh };
}
