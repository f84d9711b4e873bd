/** A message that travels with the fan to the next view, once. */

import { notice } from '../screen/notice.js';
import { sentence } from '../screen/sentence.js';
import { say } from '../screen/words.js';

let waiting = null;

/** Show the text of `key` at the next view. */
export const flash = (kind, key) => {
  waiting = () => notice(kind, say(key));
};
export const flashProblem = (problem) => {
  waiting = () => notice('bad', sentence(problem));
};

/** The message that waits, or null; it is shown once. */
export function takeFlash() {
  const shown = waiting?.() ?? null;
  waiting = null;
  return shown;
}
