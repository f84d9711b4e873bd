/** A sheet over the page: asks for a decision, holds the focus while it is open. */

import { h } from './dom.js';
import { say } from './words.js';

/** Ask `title` with `text` (a text, or elements); resolves to true when the person chose `yes`. */
export function confirmation(title, text, yes) {
  return new Promise((resolve) => {
    const close = (answer) => () => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const dialog = h(
      'dialog',
      { class: 'sheet', 'aria-labelledby': 'sheet-title', oncancel: close(false) },
      h('h2', { id: 'sheet-title' }, title),
      typeof text === 'string' ? h('p', null, text) : text,
      h(
        'div',
        { class: 'row row-end' },
        h('button', { class: 'plain', type: 'button', onclick: close(false) }, say('cancel')),
        h('button', { class: 'strong', type: 'button', onclick: close(true) }, yes),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
