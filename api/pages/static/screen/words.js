/** The texts in the fan's language, from `words/*.json`. */

import { lasting } from '../keep/storage.js';

export const LANGUAGES = { ko: '한국어', en: 'English' };
const chosen = lasting('language');
let words = {};
let current = 'en';

/** The language chosen before, else the first of the browser's that we speak, else English. */
function preferred() {
  const wished = [chosen.get('current'), ...navigator.languages.map((tag) => tag.split('-')[0])];
  return wished.find((tag) => tag in LANGUAGES) ?? 'en';
}

/** The file at `address`, fetched again when it was lost on the way or hangs. Throws when it cannot be had. */
async function fetched(address, pauses = [500, 2000, 5000]) {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(10_000) });
    return await answer.json();
  } catch (error) {
    const [pause, ...others] = pauses;
    if (pause === undefined) throw error;
    await new Promise((resolve) => setTimeout(resolve, pause));
    return fetched(address, others);
  }
}

/** Load the words; call once before anything is shown, and again after `speak`. */
export async function loadWords() {
  current = preferred();
  words = await fetched(new URL(`../words/${current}.json`, import.meta.url));
  document.documentElement.lang = current;
}

export const language = () => current;
export const speak = (tag) => chosen.set('current', tag);
export const isSaid = (key) => key in words;

/** The text of `key`, with `{name}` replaced; `{count}` chooses between `key.one` and `key`. */
export function say(key, values = {}) {
  const one = values.count === 1 && `${key}.one` in words;
  const text = words[one ? `${key}.one` : key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) =>
    typeof values[name] === 'number' ? figure(values[name]) : values[name],
  );
}

export const figure = (number) => new Intl.NumberFormat(current).format(number);
