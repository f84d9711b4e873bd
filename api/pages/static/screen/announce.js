/** Telling a screen reader what changed, politely. */

import { h } from './dom.js';

let region = null;

/** Say `text` when the reader is free. */
export function announce(text) {
  if (!region) {
    region = h('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
    document.body.append(region);
  }
  // The same text twice is only read twice when the region was empty in between.
  region.textContent = '';
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}
