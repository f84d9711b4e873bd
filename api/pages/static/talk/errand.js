/** A change asked of the API: submitted once whatever happens to the page, then followed to its outcome. */

import { ask } from './http.js';
import { newKey } from './key.js';
import { Problem } from './problem.js';
import { keepAsking } from './polling.js';
import { errands as kept } from '../keep/errands.js';

// What the service may take to answer with the outcome instead of a promise; it may as well not know of it.
const WAIT_SECONDS = 10;
// Neither done nor refused, as far as anybody has told.
const UNKNOWN = 'unknown_outcome';

async function submit(errand, credential, signal, onTrouble) {
  let answer = null;
  await keepAsking(
    async () => {
      const { method, path, body, key } = errand;
      answer = await ask(method, path, { credential, body, key, wait: WAIT_SECONDS, signal });
      return null;
    },
    { signal, onTrouble },
  );
  return answer;
}

async function poll(location, credential, signal, onTrouble) {
  let task = null;
  await keepAsking(
    async () => {
      const answer = await ask('GET', location, { credential, wait: WAIT_SECONDS, signal });
      task = answer.body;
      return task.status === 'queued' ? (answer.retryAfter ?? 1) : null;
    },
    { signal, onTrouble },
  );
  return task;
}

const isOutcome = ({ status, body }) => status === 200 && Boolean(body?.status) && body.status !== 'queued';

/** The errand's task with its outcome; null when `signal` aborted before it was known. */
async function outcomeOf(errands, name, errand, credential, signal, onTrouble) {
  let { location } = errand;
  if (!location) {
    const answer = await submit(errand, credential, signal, onTrouble);
    if (answer && isOutcome(answer)) return answer.body;
    location = answer?.location;
    // Once accepted it is only followed: a payment that went through has used up the token that could send it again.
    if (location) errands.set(name, { ...errand, location });
  }
  return location ? poll(location, credential, signal, onTrouble) : null;
}

const isSame = (one, other) =>
  one.method === other.method && one.path === other.path && JSON.stringify(one.body) === JSON.stringify(other.body);

/**
 * Run the errand called `name` (one at a time may be under way under a name, in whatever tab) and resolve to its
 * result; rejects with the refusal as a Problem. It is written down before it is sent, so that `resume` can send the
 * very same request again after a reload: its idempotency key makes that the same errand, not a second one.
 *
 * The same errand that is under way already is joined. Another one is followed to its end first, and then this one is
 * not begun (`done_elsewhere`): what it was meant to change has just changed.
 */
export async function run(name, { method = 'POST', path, body, credential, signal, onTrouble = () => {} }) {
  // Whoever signs in meanwhile: it is written down and crossed out among the belongings of whoever began it.
  const errands = kept();
  const wanted = { method, path, body };
  const pending = errands.get(name);
  if (pending && !isSame(pending, wanted)) {
    await follow(errands, name, pending, credential, signal, onTrouble).catch((error) => {
      if (!(error instanceof Problem) || error.code === UNKNOWN) throw error;
    });
    if (signal?.aborted) return null;
    throw new Problem('done_elsewhere');
  }
  const errand = pending ?? { ...wanted, key: newKey() };
  errands.set(name, errand);
  return follow(errands, name, errand, credential, signal, onTrouble);
}

/** Resolve as `run` would have, when an errand of that name was under way; to null otherwise. */
export async function resume(name, { credential, signal, onTrouble = () => {} }) {
  const errands = kept();
  const errand = errands.get(name);
  return errand ? follow(errands, name, errand, credential, signal, onTrouble) : null;
}

async function follow(errands, name, errand, credential, signal = new AbortController().signal, onTrouble) {
  try {
    const task = await outcomeOf(errands, name, errand, credential, signal, onTrouble);
    if (!task) return null;
    errands.remove(name);
    if (task.status === 'done') return task.result;
    throw Problem.from(task.problem, task.problem?.status ?? 500);
  } catch (error) {
    if (error instanceof Problem && errands.get(name)) {
      // A fault says nothing of what came of it: it stays written down, and is asked again with the same key.
      if (error.status >= 500) throw new Problem(UNKNOWN, { status: error.status });
      errands.remove(name);
    }
    throw error;
  }
}
