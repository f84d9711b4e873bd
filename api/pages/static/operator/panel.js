/** A box of the console with a title. */

import { h } from '../screen/dom.js';

/** A titled section. */
export function panel(title, ...content) {
  return h('section', { class: 'panel' }, h('h2', null, title), ...content);
}
