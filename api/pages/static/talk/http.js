/** One request to the API: credential in the header, JSON both ways, every failure a Problem. */

import { learnFrom } from './clock.js';
import { Problem } from './problem.js';

const PATIENCE_MS = 15000;

function headersOf({ credential, body, key, wait }) {
  const headers = { Accept: 'application/json' };
  if (credential) headers.Authorization = `Bearer ${credential}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  if (wait) headers.Prefer = `wait=${wait}`;
  return headers;
}

async function send(method, path, wish) {
  // A wait that was asked for is no slowness.
  const limit = AbortSignal.timeout(PATIENCE_MS + (wish.wait ?? 0) * 1000);
  const signal = wish.signal ? AbortSignal.any([wish.signal, limit]) : limit;
  const body = wish.body === undefined ? undefined : JSON.stringify(wish.body);
  try {
    return await fetch(path, { method, headers: headersOf(wish), body, signal, credentials: 'omit' });
  } catch (error) {
    if (wish.signal?.aborted) throw error;
    throw new Problem(limit.aborted ? 'too_slow' : 'offline');
  }
}

async function jsonOf(response) {
  if (!(response.headers.get('Content-Type') ?? '').includes('json')) return null;
  return response.json().catch(() => null);
}

/** Seconds from a `Retry-After` header, null without one. */
function retryAfterOf(response) {
  const seconds = Number.parseFloat(response.headers.get('Retry-After') ?? '');
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

/**
 * Ask the API. `wish` holds `credential`, `body`, `key` (of idempotency), `wait` (the seconds that the answer may take
 * when it then is the outcome) and `signal`, all optional.
 * Resolves to `{status, body, retryAfter, location}`; rejects with a Problem for any refusal or fault.
 */
export async function ask(method, path, wish = {}) {
  const asked = Date.now();
  const response = await send(method, path, wish);
  learnFrom(response, asked);
  const body = await jsonOf(response);
  const retryAfter = retryAfterOf(response);
  if (!response.ok) throw Problem.from(body, response.status, retryAfter);
  return { status: response.status, body, retryAfter, location: response.headers.get('Location') };
}

/** All items of a list that is told in pages of at most 500. */
export async function askAll(path, wish = {}) {
  const items = [];
  let cursor = null;
  do {
    const glue = path.includes('?') ? '&' : '?';
    const from = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body } = await ask('GET', `${path}${glue}limit=500${from}`, wish);
    items.push(...body.items);
    cursor = body.next_cursor;
  } while (cursor !== null);
  return items;
}
