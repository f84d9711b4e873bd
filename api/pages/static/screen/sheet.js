/** A sheet over the page: asks for a decision, holds the focus while it is open. */

import { h } from './dom.js';
import { say } from './words.js';

/** Ask `title` with `text`; resolves to true when the fan chose `yes`. */
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
      h('p', null, text),
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
