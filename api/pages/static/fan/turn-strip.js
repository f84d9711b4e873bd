/** The strip above the choosing views: steps, how long the turn lasts, and trouble with the line to the server. */

import { h, show } from '../screen/dom.js';
import { countdown } from '../screen/countdown.js';
import { trouble } from '../screen/notice.js';
import { go } from '../screen/router.js';
import { say } from '../screen/words.js';
import { Problem } from '../talk/problem.js';
import { placeAt } from '../keep/places.js';
import { aboutLine } from './about.js';
import { takeFlash } from './flash.js';
import { steps } from './steps.js';
import { followTurn, loseTurn } from './turn.js';

/**
 * Build the strip for step `present`, of one performance where it is chosen, and keep following the fan's place. Returns `{strip, credential}`, or null when
 * there is no place; then the fan is already on the way back.
 */
export function turnStrip(concertId, present, signal, performanceId = null) {
  const place = placeAt(concertId);
  if (!place) {
    go(`/concerts/${concertId}`, { replace: true });
    return null;
  }
  const clock = h('div');
  const messages = h('div');
  let ends = null;
  const onStanding = (token) => {
    if (token.status === 'waiting') return go(`/concerts/${concertId}/line`, { replace: true });
    if (present === 'pay') return undefined;
    if (token.status !== 'active') return go('/tickets', { replace: true });
    if (token.expires_at === ends) return undefined;
    ends = token.expires_at;
    const onOver = () => loseTurn(concertId, new Problem('token_expired'));
    return show(clock, countdown(ends, { label: say('turn.left'), signal, onOver }));
  };
  const onTrouble = (problem) => show(messages, problem && trouble(problem, 'turn'));
  followTurn(concertId, { signal, onStanding, onTrouble });
  const strip = h(
    'div',
    { class: 'strip' },
    h('div', { class: 'strip-row' }, steps(present), clock),
    aboutLine(concertId, signal, performanceId),
    takeFlash(),
    messages,
  );
  return { strip, credential: place.token };
}
