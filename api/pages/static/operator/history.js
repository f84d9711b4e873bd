/** What the console saw of a concert's figures lately, a sample at a time; a reload of the tab does not lose it. */

import { operatorsMap, operator } from '../keep/operator-identity.js';
import { serverNow } from '../talk/clock.js';

const MOST = 300;
const FIELDS = ['waiting', 'active', 'seats_sold', 'seats_held', 'seats_available'];
// What is older says nothing about how the sale goes.
const RECENT_MS = 60 * 60 * 1000;

export class History {
  #key;
  samples = [];

  constructor(concertId) {
    this.#key = `history.${concertId}`;
    const kept = operatorsMap.get(this.#key);
    if (kept && kept.userId === operator()?.userId) this.samples = kept.samples;
  }

  /** Add the figures of one moment of the server's clock. */
  add(stats) {
    const at = serverNow();
    const taken = Object.fromEntries(FIELDS.map((name) => [name, stats[name] ?? 0]));
    // A clock that was put back leaves no samples of the future behind.
    const recent = this.samples.filter((sample) => sample.at < at && at - sample.at < RECENT_MS);
    this.samples = [...recent, { at, ...taken }].slice(-MOST);
    operatorsMap.set(this.#key, { userId: operator()?.userId, samples: this.samples });
  }

  values(name) {
    return this.samples.map((sample) => sample[name]);
  }

  /** When each sample was taken, in milliseconds by the server's clock. */
  get times() {
    return this.samples.map(({ at }) => at);
  }

  /** Seconds until no seat is left when seats go as they went lately; null when none went. */
  sellOutSeconds() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    const sold = last.seats_sold - first.seats_sold;
    const left = last.seats_available + last.seats_held;
    return sold > 0 ? (left * ((last.at - first.at) / 1000)) / sold : null;
  }
}
