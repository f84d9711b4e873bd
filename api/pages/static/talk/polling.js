/** Asking again and again, exactly as often as the server wants, and patiently while it cannot answer. */

import { Problem } from './problem.js';
import { delayAfter, waitOrOnline } from './patience.js';

const OFTEN = 3;
const LONG_MS = 20000;

/** Whether to tell of the `failures`-th problem in a row since `began`: a service that is busy once worries nobody. */
const isTold = (problem, failures, began) =>
  problem.code !== 'busy' || failures > OFTEN || Date.now() - began > LONG_MS;

/**
 * Call `question()` for ever, which resolves to the seconds until the next time (null ends it).
 * A problem that passes goes to `onTrouble(problem)` and the question is put again later; any other one rejects.
 * `onTrouble(null)` tells that the trouble is over. Ends quietly when `signal` aborts. `pause(ms, signal)` may end
 * the wait between two answers early; what is told in trouble is waited for.
 */
export async function keepAsking(question, { signal, onTrouble = () => {}, pause = waitOrOnline }) {
  let failures = 0;
  let began = 0;
  let told = false;
  while (!signal.aborted) {
    let delay;
    try {
      const seconds = await question();
      if (told) onTrouble(null);
      failures = 0;
      told = false;
      if (seconds === null) return;
      delay = seconds * 1000;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Problem) || !error.passes) throw error;
      if (failures === 0) began = Date.now();
      failures += 1;
      if (isTold(error, failures, began)) {
        onTrouble(error);
        told = true;
      }
      delay = delayAfter(error, failures);
    }
    if (delay > 0) await (failures > 0 ? waitOrOnline : pause)(delay, signal);
  }
}
