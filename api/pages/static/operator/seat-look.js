/** How an operator sees a seat: by what has become of it, told by form as well as by colour. */

import { money, seatName } from '../screen/figures.js';
import { say } from '../screen/words.js';

/** A look as drawing.js takes it. */
export const operatorsLook = {
  kind: (seat) => seat.status,

  style: (kind, colours) =>
    ({
      sold: { fill: colours.tiers[0], text: colours.onTier },
      held: { fill: colours.tiers[2], text: colours.ink, hollow: true },
      available: { fill: colours.taken, text: colours.ink, part: 0.7 },
    })[kind],

  spoken: (seat) =>
    say('desk.seat', { name: seatName(seat), price: money(seat.price), status: say(`desk.${seat.status}`) }),
};
