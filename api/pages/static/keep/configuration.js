/** What the server told this page of its settings. */

const told = document.querySelector('meta[name="frontrow-configuration"]')?.content;

/**
 * `{service_name, demo, seats_per_user, timezone, poll_after_seconds, unused_admission_seconds, active_token_seconds,
 * sign_in_url, handover_origins}`
 */
export const configuration = told ? JSON.parse(told) : {};
