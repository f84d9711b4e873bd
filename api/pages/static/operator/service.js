/** Is the service well: its dependencies, workers, broker queues, and the oldest request that still waits. */

import { ask } from '../talk/http.js';
import { keepAsking } from '../talk/polling.js';
import { h, show } from '../screen/dom.js';
import { refusal } from '../screen/notice.js';
import { say } from '../screen/words.js';
import { askAsOperator, ifOffered } from './asking.js';
import { panel } from './panel.js';

const SECONDS = 5;
const check = ([name, state]) =>
  h(
    'li',
    null,
    h('span', null, say(`service.${name}`)),
    h('span', { class: `badge badge-${state === 'ok' ? 'open' : 'closed'}` }, String(state)),
  );
const count = (counts, name) => h('td', { class: 'number' }, counts ? String(counts[name] ?? 0) : '–');
const queue = (name, { workers, broker_queues: lengths }) =>
  h('tr', null, h('td', null, name), count(workers, name), count(lengths, name));

function queues(state) {
  const heads = ['queue', 'workers', 'waiting'].map((name) =>
    h('th', { scope: 'col', class: name === 'queue' ? null : 'number' }, say(`service.${name}`)),
  );
  const names = Object.keys(state.broker_queues ?? state.workers ?? {});
  const oldest = state.oldest_queued_seconds;
  return [
    h(
      'table',
      null,
      h('thead', null, h('tr', null, heads)),
      h(
        'tbody',
        null,
        names.map((name) => queue(name, state)),
      ),
    ),
    h(
      'p',
      { class: 'soft' },
      oldest === null ? say('service.none-waiting') : say('service.oldest', { seconds: Math.round(oldest) }),
    ),
    state.stretch > 1 ? h('p', { class: 'soft' }, say('service.load', { times: state.stretch })) : null,
  ];
}

/** The panel, kept fresh until `signal` aborts. */
export function service(signal) {
  const body = h('div', { class: 'stack' }, h('p', { class: 'busy' }, say('loading')));
  let offered = true;
  const question = async () => {
    // While the database is away the answer is a problem, and its checks are what is to be shown.
    const { checks } = await ask('GET', '/readyz', { signal }).then(
      ({ body: told }) => told,
      (error) => error.members,
    );
    const state = offered ? await ifOffered(() => askAsOperator('GET', '/v1/operator/service', { signal })) : null;
    offered = Boolean(state);
    show(
      body,
      h('ul', { class: 'plain-list' }, Object.entries(checks ?? {}).map(check)),
      state ? queues(state.body) : null,
    );
    return SECONDS;
  };
  keepAsking(question, { signal }).catch((error) => {
    // A spinner that never ends says less than why there is nothing to see.
    if (!signal.aborted) show(body, refusal(error));
  });
  return panel(say('service.title'), body);
}
