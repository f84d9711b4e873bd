/** How a fan sees a seat: chosen, held by them, taken, or free at its price. */

import { money, seatName } from '../screen/figures.js';
import { say } from '../screen/words.js';

/**
 * The look (see drawing.js) of `state`: `chosen` is a Map by id, `mine` the ids that the fan holds, `price` the only one to
 * show in colour, or null.
 */
export const fansLook = (state) => ({
  kind(seat) {
    if (state.chosen.has(seat.id)) return 'chosen';
    if (state.mine.has(seat.id)) return 'mine';
    if (seat.status !== 'available') return 'taken';
    return state.price !== null && seat.price !== state.price ? 'faded' : state.tiers.get(seat.price);
  },

  style: (kind, colours) =>
    ({
      chosen: { fill: colours.chosen, text: colours.paper, mark: '✓' },
      mine: { fill: colours.chosen, hollow: true },
      taken: { fill: colours.taken, part: 0.7 },
      faded: { fill: colours.taken, text: colours.ink, alpha: 0.45 },
    })[kind] ?? { fill: colours.tiers[kind], text: colours.onTier },

  spoken(seat) {
    const status = state.mine.has(seat.id) ? 'own' : seat.status;
    const key = state.chosen.has(seat.id) ? 'map.seat.chosen' : `map.seat.${status}`;
    return say(key, { name: seatName(seat), price: money(seat.price) });
  },
});
