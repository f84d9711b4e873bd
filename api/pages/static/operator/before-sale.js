/** A concert that nobody was let in to yet: opened on purpose, or deleted when it was a mistake. */

import { h, show } from '../screen/dom.js';
import { dayAndTime } from '../screen/figures.js';
import { notice, refusal } from '../screen/notice.js';
import { once } from '../screen/once.js';
import { go } from '../screen/router.js';
import { confirmation } from '../screen/sheet.js';
import { figure, say } from '../screen/words.js';
import { about } from './about.js';
import { writer } from './asking.js';

const seatsOf = (dates) => dates.reduce((sum, date) => sum + date.seats_total, 0);

const aboutConcert = ({ title, venue, timezone, performances }, stats) =>
  about([
    [say('create.title'), title],
    [say('create.venue'), venue],
    [say('concert.dates'), performances.map((date) => h('div', null, dayAndTime(date.starts_at, timezone)))],
    [say('console.column.seats'), figure(seatsOf(performances))],
    [say('desk.waiting'), figure(stats.waiting)],
    [say('steer.capacity'), figure(stats.capacity)],
  ]);

/** The box above the desk. Returns `{element, refresh(stats)}`; `open()` opens the line. */
export function beforeSale(concert, open) {
  const element = h('div');
  const messages = h('div');
  const write = writer();
  let latest = null;
  let shown = null;
  const onOpen = once(async () => {
    const text = [aboutConcert(concert, latest), h('p', null, say('before.open.text'))];
    if (await confirmation(say('before.open.sure'), text, say('before.open'))) await open();
  });
  const onDelete = once(async () => {
    const text = [aboutConcert(concert, latest), h('p', null, say('before.delete.text'))];
    if (!(await confirmation(say('before.delete.sure'), text, say('before.delete')))) return;
    try {
      await write('DELETE', `/v1/operator/concerts/${concert.id}`);
      go('/operator', { replace: true });
    } catch (error) {
      show(messages, refusal(error));
    }
  });
  const buttons = (isPaused) => [
    isPaused && h('button', { type: 'button', class: 'strong', onclick: onOpen }, say('before.open')),
    h('a', { class: 'plain', href: `/concerts/${concert.id}`, 'data-outside': true }, say('before.look')),
    h('button', { type: 'button', class: 'plain', onclick: onDelete }, say('before.delete')),
  ];
  const refresh = (stats) => {
    latest = stats;
    // Whoever sold something stays on record.
    const kind = stats.completed > 0 ? null : stats.state === 'paused' && stats.admitted === 0 ? 'paused' : 'unsold';
    if (kind === shown) return;
    shown = kind;
    const text = kind === 'paused' ? notice('calm', say('before.text')) : null;
    show(element, kind && [text, messages, h('div', { class: 'row' }, buttons(kind === 'paused').filter(Boolean))]);
  };
  return { element, refresh };
}
