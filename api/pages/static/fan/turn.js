/** The fan's place while views come and go: asked for as the server wishes, left when its time is over. */

import { ask } from '../talk/http.js';
import { keepAsking } from '../talk/polling.js';
import { dropHold } from '../keep/holds.js';
import { dropPlace, placeAt } from '../keep/places.js';
import { configuration } from '../keep/configuration.js';
import { go } from '../screen/router.js';
import { flashProblem } from './flash.js';

/** The token is worth nothing any more: back to the concert, with the reason. */
export function loseTurn(concertId, problem) {
  dropPlace(concertId);
  dropHold(concertId);
  flashProblem(problem);
  go(`/concerts/${concertId}`, { replace: true });
}

const ENDINGS = new Set(['token_expired', 'token_invalid', 'token_missing', 'wrong_concert']);
export const endsTurn = (error) => ENDINGS.has(error?.code);

/**
 * Follow the *QueueToken* of the fan's place until `signal` aborts, polling when the server says. `onStanding(token)`
 * gets each answer, `onTrouble(problem or null)` what holds it up. When the turn is over the fan is brought back.
 */
export async function followTurn(concertId, { signal, onStanding, onTrouble }) {
  const question = async () => {
    const { body, retryAfter } = await ask('GET', '/v1/queue-tokens/current', {
      credential: placeAt(concertId).token,
      signal,
    });
    await onStanding(body);
    return retryAfter ?? body.poll_after_seconds ?? configuration.poll_after_seconds;
  };
  try {
    await keepAsking(question, { signal, onTrouble });
  } catch (error) {
    if (signal.aborted) return;
    if (!endsTurn(error)) throw error;
    loseTurn(concertId, error);
  }
}
