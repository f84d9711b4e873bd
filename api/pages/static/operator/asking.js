/** Asking as the operator who is signed in. */

import { ask, askAll } from '../talk/http.js';
import { run } from '../talk/errand.js';
import { newKey } from '../talk/key.js';
import { Problem } from '../talk/problem.js';
import { operator } from '../keep/operator-identity.js';

/** The wish with the operator's credential. Throws a Problem once the identity's time is over. */
function asOperator(wish) {
  const credential = operator()?.token;
  if (!credential) throw new Problem('token_missing', { status: 401 });
  return { ...wish, credential };
}

export const askAsOperator = async (method, path, wish = {}) => ask(method, path, asOperator(wish));
export const askAllAsOperator = async (path, wish = {}) => askAll(path, asOperator(wish));
export const runAsOperator = async (name, wish) => run(name, asOperator(wish));

/**
 * A way to send changes that are answered at once. Whatever was sent and not answered is sent again as the very same
 * request: its key makes it one change, though nobody knows whether the first one arrived.
 */
export function writer() {
  let unclear = null;
  return async (method, path, wish = {}) => {
    const what = JSON.stringify([method, path, wish.body ?? null]);
    const key = unclear?.what === what ? unclear.key : newKey();
    unclear = { what, key };
    try {
      const answer = await askAsOperator(method, path, { ...wish, key });
      unclear = null;
      return answer;
    } catch (error) {
      if (error instanceof Problem && !error.passes) unclear = null;
      throw error;
    }
  };
}

/** As `question()` resolves; to null where this service does not offer what was asked for. */
export async function ifOffered(question) {
  try {
    return await question();
  } catch (error) {
    if (['not_found', 'method_not_allowed'].includes(error.code)) return null;
    throw error;
  }
}
