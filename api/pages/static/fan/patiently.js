/** Reading what a view needs, while telling the fan what holds it up. */

import { keepAsking } from '../talk/polling.js';
import { trouble } from '../screen/notice.js';

/**
 * Resolve to what `read()` resolves to, trying again while trouble passes, which is told at the top of `main`.
 * `meanwhile()` is called when trouble begins, and may fill `main`.
 */
export async function patiently(read, main, signal, meanwhile = () => {}) {
  let answer;
  let shown = null;
  const onTrouble = (problem) => {
    if (problem && !shown) meanwhile();
    shown?.remove();
    shown = problem ? trouble(problem) : null;
    if (shown) main.prepend(shown);
  };
  await keepAsking(
    async () => {
      answer = await read();
      return null;
    },
    { signal, onTrouble },
  );
  return answer;
}
