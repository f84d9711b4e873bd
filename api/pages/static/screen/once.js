/** A press that counts once, however often it comes while it is carried out. */

/**
 * `work` as a listener: while it runs, a further press of the same does nothing, and the button that was pressed says
 * that it is busy. The button keeps the focus.
 */
export function once(work) {
  let running = false;
  return async (event) => {
    event.preventDefault();
    if (running) return;
    running = true;
    const pressed = event.submitter ?? event.currentTarget;
    pressed.setAttribute('aria-disabled', 'true');
    try {
      await work(event);
    } finally {
      running = false;
      pressed.removeAttribute('aria-disabled');
    }
  };
}
