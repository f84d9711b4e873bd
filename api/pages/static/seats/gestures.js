/**
 * Fingers, mouse and wheel on the map: a tap chooses, two fingers zoom, and so does the wheel with Ctrl. One finger and the
 * wheel alone scroll the page while the whole hall is seen; once a fan came closer they move and zoom the map.
 */

const SLACK = 8;
// One notch of a wheel with Ctrl is many times what fingers on a touchpad send.
const MOST_AT_ONCE = 0.25;

/** Listen on `canvas`; `view` as in view.js, `onTap(x, y, coarse)` in the canvas's CSS pixels. */
export function listenToGestures(canvas, view, { onTap, onHover, signal }) {
  const fingers = new Map();
  let moved = 0;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const spread = () => {
    const [one, other] = [...fingers.values()];
    return { span: Math.hypot(one.x - other.x, one.y - other.y), x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
  };

  const down = (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, at(event));
  };
  const drag = (event) => {
    const here = at(event);
    const before = fingers.get(event.pointerId);
    if (!before) return onHover(here.x, here.y);
    const old = fingers.size === 2 ? spread() : null;
    fingers.set(event.pointerId, here);
    moved += Math.hypot(here.x - before.x, here.y - before.y);
    if (!old) return moved > SLACK && view.zoomed && view.move(here.x - before.x, here.y - before.y);
    const now = spread();
    view.zoom(now.span / (old.span || 1), now.x, now.y);
    return view.move(now.x - old.x, now.y - old.y);
  };
  const up = (event) => {
    const here = fingers.get(event.pointerId);
    const single = fingers.size === 1;
    fingers.delete(event.pointerId);
    if (here && single && moved <= SLACK && event.type === 'pointerup')
      onTap(here.x, here.y, event.pointerType !== 'mouse');
    if (!single) moved = SLACK + 1;
  };
  const wheel = (event) => {
    const wanted = event.ctrlKey || event.metaKey;
    if (!wanted && !view.zoomed) return;
    event.preventDefault();
    const here = at(event);
    const by = -event.deltaY * (wanted ? 0.01 : 0.0016);
    view.zoom(Math.exp(Math.min(MOST_AT_ONCE, Math.max(-MOST_AT_ONCE, by))), here.x, here.y);
  };
  canvas.addEventListener('pointerdown', down, { signal });
  canvas.addEventListener('pointermove', drag, { signal });
  canvas.addEventListener('pointerup', up, { signal });
  canvas.addEventListener('pointercancel', up, { signal });
  canvas.addEventListener('wheel', wheel, { passive: false, signal });
}
