/** Asking again and again, exactly as often as the server wants, and patiently while it cannot answer. */

import { Problem } from './problem.js';
import { delayAfter, waitOrOnline } from './patience.js';

/**
 * Call `question()` for ever, which resolves to the seconds until the next time (null ends it).
 * A problem that passes goes to `onTrouble(problem)` and the question is put again later; any other one rejects.
 * `onTrouble(null)` tells that the trouble is over. Ends quietly when `signal` aborts.
 */
export async function keepAsking(question, { signal, onTrouble = () => {} }) {
  let failures = 0;
  while (!signal.aborted) {
    let delay;
    try {
      const seconds = await question();
      if (failures > 0) onTrouble(null);
      failures = 0;
      if (seconds === null) return;
      delay = seconds * 1000;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Problem) || !error.passes) throw error;
      failures += 1;
      onTrouble(error);
      delay = delayAfter(error, failures);
    }
    if (delay > 0) await waitOrOnline(delay, signal);
  }
}
