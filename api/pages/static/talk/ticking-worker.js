/** Timers that a hidden tab does not slow down: takes `{id, ms}`, gives `id` back when the time is over. */

onmessage = ({ data: { id, ms } }) => setTimeout(() => postMessage(id), ms);
