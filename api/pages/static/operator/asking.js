/** Asking as the operator who is signed in. */

import { ask, askAll } from '../talk/http.js';
import { run } from '../talk/errand.js';
import { operator } from '../keep/operator-identity.js';

export const askAsOperator = (method, path, wish = {}) => ask(method, path, { ...wish, credential: operator().token });
export const askAllAsOperator = (path, wish = {}) => askAll(path, { ...wish, credential: operator().token });
export const runAsOperator = (name, wish) => run(name, { ...wish, credential: operator().token });

/** As `question()` resolves; to null where this service does not offer what was asked for. */
export async function ifOffered(question) {
  try {
    return await question();
  } catch (error) {
    if (['not_found', 'method_not_allowed'].includes(error.code)) return null;
    throw error;
  }
}
