/** Waiting: timers that go on in a hidden tab, and how long to wait after what. */

import { workerAddress } from './worker-address.js';

const FIRST_MS = 2000;
const LONGEST_MS = 60000;
const pending = new Map();
let worker = null;
let last = 0;

function tickingWorker() {
  if (worker) return worker;
  worker = new Worker(workerAddress('ticking'));
  worker.onmessage = ({ data }) => {
    pending.get(data)?.();
    pending.delete(data);
  };
  return worker;
}

/**
 * Resolve after `ms`; earlier when `signal` aborts. Browsers wake a hidden page once a minute at best, which would
 * cost a fan the turn that comes meanwhile; a worker's timer is not slowed down.
 */
export function wait(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const id = (last += 1);
    pending.set(id, resolve);
    tickingWorker().postMessage({ id, ms });
    signal?.addEventListener('abort', resolve, { once: true });
  });
}

/** As `wait`, but over as soon as the network is back. */
export async function waitOrOnline(ms, signal) {
  const ended = new AbortController();
  const online = new Promise((resolve) => {
    window.addEventListener('online', resolve, { once: true, signal: ended.signal });
  });
  await Promise.race([wait(ms, signal), online]);
  ended.abort();
}

/** As `waitOrOnline`, but over as well when the page comes into sight again and `isStale()` says it was too long. */
export async function waitOrSeen(ms, signal, isStale) {
  const ended = new AbortController();
  const seen = new Promise((resolve) => {
    const onChange = () => !document.hidden && isStale() && resolve();
    document.addEventListener('visibilitychange', onChange, { signal: ended.signal });
  });
  await Promise.race([waitOrOnline(ms, AbortSignal.any([signal, ended.signal])), seen]);
  ended.abort();
}

/**
 * Milliseconds to wait after the `failures`-th problem in a row: what the server said, else doubling up to a minute,
 * scattered so that a crowd that was cut off together does not come back together.
 */
export function delayAfter(problem, failures) {
  if (problem.retryAfter !== null) return problem.retryAfter * 1000;
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return full * (0.75 + Math.random() / 2);
}
