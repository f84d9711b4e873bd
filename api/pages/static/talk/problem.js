/** What went wrong, in the API's terms: a stable code, its facts, and when to try again. */

const PASSING = new Set(['offline', 'too_slow', 'rate_limited', 'busy', 'database_unavailable']);

export class Problem extends Error {
  /** `members` are the members of the problem body; `retryAfter` is in seconds or null. */
  constructor(code, { status = 0, members = {}, retryAfter = null } = {}) {
    super(code);
    this.code = code;
    this.status = status;
    this.members = members;
    this.retryAfter = retryAfter;
  }

  /** Whether waiting a while may help: nothing was decided yet. */
  get passes() {
    return PASSING.has(this.code) || [429, 502, 503, 504].includes(this.status);
  }

  /** From the body of an `application/problem+json` answer, or of a task's outcome. */
  static from(body, status, retryAfter = null) {
    const code = body?.code ?? (status >= 500 ? 'internal_error' : `http_${status}`);
    return new Problem(code, { status: body?.status ?? status, members: body ?? {}, retryAfter });
  }
}
