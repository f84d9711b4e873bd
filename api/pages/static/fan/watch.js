/** Whom to ask about a place in line: the public line, or the service about the token; and what both tell together. */

// However still the line stands, the token is asked this often.
const TOKEN_MS = 180_000;
// Where the token is asked each time, the line is only looked at to see whether it is paused: a moving one is not.
const STILL_MS = 10_000;
const MOVING_MS = 60_000;
// As the service paces: a tenth of the wait, and not more often than this; whose turn is this near asks for the token.
const SHARE_OF_WAIT = 0.1;
const SHORTEST_SECONDS = 2;
const NEXT_SECONDS = 5;

/** Whether `ms` have passed since `then`; a clock that was put back says yes, as nobody knows. */
const passed = (then, ms, now) => now < then || now - then >= ms;

/** What is known of one place. It reads no clock and asks nobody: times in milliseconds are told to it. */
export class Watch {
  token = null;
  line = null;
  #seconds = 0;
  #tokenAt = 0;
  #lineAt = 0;
  #usable = true;
  #doubted = false;
  #fresh = false;
  #serving = 0;
  #start = null;
  #state = null;
  #looked = null;
  #lowest = Infinity;

  /** Take the *QueueToken* that the service answered, and after how many seconds it wants to be asked again. */
  sawToken(token, seconds, now) {
    this.token = token;
    this.#seconds = seconds;
    this.#tokenAt = now;
    this.#doubted = false;
    this.#start = this.#fresh ? this.#distance : null;
    this.#state = this.#fresh ? this.line.state : null;
    this.#fresh = false;
    this.#note();
  }

  /** Take the public document of the line. */
  sawLine(line, now) {
    this.line = line;
    this.#lineAt = now;
    this.#usable = Number.isInteger(line.serving_number);
    this.#fresh = this.#usable;
    // Two web processes may tell of two moments; a line never goes back.
    this.#serving = Math.max(this.#serving, line.serving_number ?? 0);
    this.#start ??= this.#distance;
    this.#state ??= line.state;
    this.#looked = this.token?.position ?? null;
    this.#note();
  }

  /** The line could not be read, so the token is asked meanwhile. */
  missedLine(now) {
    this.#lineAt = now;
    this.#usable = false;
    this.#fresh = false;
  }

  /** Something may have been missed: the page slept, or was cut off. */
  doubt() {
    this.#doubted = true;
  }

  /** Whether the line tells enough for now. */
  get follows() {
    const { status, watch, place } = this.token ?? {};
    return status === 'waiting' && watch === 'queue' && Number.isInteger(place) && this.#usable;
  }

  /** Whether the token is to be asked; in a round that looks at the line, after that. */
  tokenIsDue(now) {
    if (!this.follows || this.#doubted || passed(this.#tokenAt, TOKEN_MS, now)) return true;
    if (this.#start === null) return false;
    const distance = this.#distance;
    if (distance <= 0 || distance <= this.#start / 2 || this.line.state !== this.#state) return true;
    return this.#wait !== null && this.#wait <= NEXT_SECONDS;
  }

  /** Whether the line is to be looked at after the token answered. */
  lineIsDue(now) {
    if (this.token?.status !== 'waiting') return false;
    if (this.follows) return this.#start === null;
    const still = this.#looked === null || this.#looked === this.token.position;
    return passed(this.#lineAt, still ? STILL_MS : MOVING_MS, now);
  }

  /** Whether the last answer for the token is older than the service wants it to become. */
  isStale(now) {
    return passed(this.#tokenAt, this.#seconds * 1000, now);
  }

  /**
   * The *QueueToken* as it stands by now. While the line is watched the position goes down with it, and the estimate
   * with the way still to go; the position never grows.
   */
  get standing() {
    const { position, estimated_wait_seconds: estimate } = this.token;
    const told = { ...this.token, poll_after_seconds: this.#pause };
    if (this.token.status !== 'waiting') return told;
    const share = this.follows && this.#start > 0 ? Math.min(1, Math.max(0, this.#distance / this.#start)) : 1;
    return {
      ...told,
      sold_out: (this.follows && this.line?.sold_out) ?? this.token.sold_out,
      position: Math.min(position, this.#lowest),
      estimated_wait_seconds: Number.isFinite(estimate) ? Math.round(estimate * share) : null,
    };
  }

  /** Seconds that the turn is away by the line's own estimate, which is a newcomer's; null where it has none. */
  get #wait() {
    const { estimated_wait_seconds: estimate, waiting } = this.line ?? {};
    if (!Number.isFinite(estimate) || !Number.isInteger(waiting) || this.#distance === null) return null;
    return (estimate * this.#distance) / Math.max(waiting, this.#distance, 1);
  }

  /** Seconds until the next look: as told, and sooner when the line has become quicker than it was then. */
  get #pause() {
    if (!this.follows || this.#wait === null) return this.#seconds;
    return Math.min(this.#seconds, Math.max(SHORTEST_SECONDS, this.#wait * SHARE_OF_WAIT));
  }

  get #distance() {
    return this.token ? this.token.place - this.#serving : null;
  }

  #note() {
    if (!this.follows) return;
    const byLine = this.line ? Math.max(1, this.#distance) : Infinity;
    this.#lowest = Math.min(this.#lowest, this.token.position, byLine);
  }
}
