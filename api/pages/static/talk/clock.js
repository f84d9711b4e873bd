/** The server's time, as far as its answers tell: a phone whose clock is wrong still counts a hold down rightly. */

const TOLERATED_MS = 2000;
let offset = 0;
let isKnown = false;

/** Learn from the `Date` header (whole seconds) of an answer asked for at `asked` and received now. */
export function learnFrom(response, asked) {
  const said = Date.parse(response.headers.get('Date') ?? '');
  if (Number.isNaN(said)) return;
  const measured = said + 500 - (asked + Date.now()) / 2;
  isKnown = true;
  offset = Math.abs(measured) > TOLERATED_MS ? measured : 0;
}

/** Milliseconds since the epoch by the server's clock. */
export const serverNow = () => Date.now() + offset;

/** Milliseconds from now until an RFC 3339 time; negative when it is over. */
export const untilMs = (moment) => Date.parse(moment) - serverNow();

/** Whether a time (milliseconds since the epoch) is over; while the server has said nothing yet, nothing is. */
export const isOver = (ms) => isKnown && serverNow() >= ms;
