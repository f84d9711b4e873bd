/** What the console saw of a concert's figures since it was opened, a sample at a time. */

const MOST = 300;

export class History {
  samples = [];

  /** Add the figures of one moment. */
  add(stats) {
    this.samples.push({ at: Date.now(), ...stats });
    if (this.samples.length > MOST) this.samples.shift();
  }

  values(name) {
    return this.samples.map((sample) => sample[name] ?? 0);
  }

  /** Seconds until no seat is left when seats go as they went lately; null when none went. */
  sellOutSeconds() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    const sold = last.seats_sold - first.seats_sold;
    return sold > 0 ? (last.seats_available * ((last.at - first.at) / 1000)) / sold : null;
  }

  get startedAt() {
    return this.samples[0]?.at ?? Date.now();
  }
}
