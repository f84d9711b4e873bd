/** Numbers that people type: read strictly, and refused at the field when they are not understood. */

import { figure, say } from './words.js';

const WHOLE = /^\d{1,12}$/;
const DECIMAL = /^\d{1,12}(\.\d{1,6})?$/;

/** A whole number in a text, which may be grouped by blanks or underscores; null when it is none. */
export function wholeIn(text) {
  const digits = text.replaceAll(/[\s_]/g, '');
  return WHOLE.test(digits) ? Number(digits) : null;
}

function faultOf(text, { decimal, least, most }) {
  if (!(decimal ? DECIMAL : WHOLE).test(text)) return say(decimal ? 'number.decimal' : 'number.whole');
  if (Number(text) < least) return say('number.least', { least: decimal ? String(least) : figure(least) });
  return Number(text) > most ? say('number.most', { most: figure(most) }) : '';
}

/**
 * The number that `input`, a field for text, holds; undefined when it is none between `least` and `most`: then the
 * field says why, and nothing may be sent. `empty` is what an empty field means, where that means anything.
 */
export function numberIn(input, { decimal = false, least = 1, most = Infinity, empty } = {}) {
  const text = input.value.trim();
  const fault = text === '' && empty !== undefined ? '' : faultOf(text, { decimal, least, most });
  input.setCustomValidity(fault);
  input.setAttribute('aria-invalid', String(fault !== ''));
  if (fault) {
    input.addEventListener('input', () => input.setCustomValidity(''), { once: true });
    input.reportValidity();
    return undefined;
  }
  return text === '' ? empty : Number(text);
}
