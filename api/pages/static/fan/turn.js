/** The fan's place while views come and go: asked for as the server wishes, left when its time is over. */

import { ask } from '../talk/http.js';
import { waitOrSeen } from '../talk/patience.js';
import { keepAsking } from '../talk/polling.js';
import { Problem } from '../talk/problem.js';
import { dropHold } from '../keep/holds.js';
import { dropPlace, placeAt } from '../keep/places.js';
import { configuration } from '../keep/configuration.js';
import { go } from '../screen/router.js';
import { flashProblem } from './flash.js';
import { Watch } from './watch.js';

/** The token is worth nothing any more: back to the concert, with the reason. */
export function loseTurn(concertId, problem) {
  dropPlace(concertId);
  dropHold(concertId);
  flashProblem(problem);
  go(`/concerts/${concertId}`, { replace: true });
}

const ENDINGS = new Set(['token_expired', 'token_invalid', 'token_missing', 'wrong_concert']);
export const endsTurn = (error) => ENDINGS.has(error?.code);

/** Look at the line for `watch`. Rejects only where nothing else can be asked meanwhile. */
async function look(watch, concertId, signal, instead) {
  try {
    const { body } = await ask('GET', `/v1/queues/${concertId}`, { signal });
    watch.sawLine(body, Date.now());
  } catch (error) {
    if (signal.aborted || !(error instanceof Problem)) throw error;
    if (error.passes && !instead()) throw error;
    watch.missedLine(Date.now());
  }
}

async function askToken(watch, credential, signal) {
  const { body, retryAfter } = await ask('GET', '/v1/queue-tokens/current', { credential, signal });
  watch.sawToken(body, retryAfter ?? body.poll_after_seconds ?? configuration.poll_after_seconds, Date.now());
}

/**
 * Follow the *QueueToken* of the fan's place until `signal` aborts, asking when the server says and whom it says.
 * `onStanding(token, line)` gets it as it stands, and the public line as far as it was looked at, else null;
 * `onTrouble(problem or null)` what holds it up. When the turn is over the fan is brought back.
 */
export async function followTurn(concertId, { signal, onStanding, onTrouble }) {
  let credential = null;
  let watch = null;
  const doubt = () => document.hidden || watch?.doubt();
  window.addEventListener('online', () => watch?.doubt(), { signal });
  document.addEventListener('visibilitychange', doubt, { signal });
  const round = async () => {
    const place = placeAt(concertId);
    // Given up or used up in another tab.
    if (!place) return go(`/concerts/${concertId}`, { replace: true });
    if (place.token !== credential) [credential, watch] = [place.token, new Watch()];
    if (watch.follows) await look(watch, concertId, signal, () => watch.tokenIsDue(Date.now()));
    if (watch.tokenIsDue(Date.now())) {
      await askToken(watch, credential, signal);
      await onStanding(watch.standing, watch.line);
      if (signal.aborted || !watch.lineIsDue(Date.now())) return undefined;
      await look(watch, concertId, signal, () => true);
    }
    return onStanding(watch.standing, watch.line);
  };
  const question = async () => {
    await round();
    return signal.aborted ? null : watch.standing.poll_after_seconds;
  };
  const pause = (ms) => waitOrSeen(ms, signal, () => watch.isStale(Date.now()));
  try {
    await keepAsking(question, { signal, onTrouble, pause });
  } catch (error) {
    if (signal.aborted) return;
    if (!endsTurn(error)) throw error;
    loseTurn(concertId, error);
  }
}
