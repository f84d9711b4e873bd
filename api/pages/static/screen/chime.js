/** A short sound of three tones, made by the browser itself; it must be allowed by a press before it may be heard. */

const TONES_HZ = [659, 784, 988];
const TONE_SECONDS = 0.22;
const FADE_SECONDS = 0.35;
const LOUD = 0.25;
const PATIENCE_MS = 1000;

const contextKind = () => window.AudioContext ?? window.webkitAudioContext;

export const canChime = () => Boolean(contextKind());

/** To be called while a press is handled: resolves to a context that sounds, or to null where none may. */
export async function openChime() {
  const Kind = contextKind();
  if (!Kind) return null;
  try {
    const context = new Kind();
    // A browser that allows no sound leaves this open for ever.
    await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    if (context.state === 'running') return context;
    context.close();
  } catch {
    // No device to sound on, or too many contexts: silence is an answer, too.
  }
  return null;
}

/** Sound the tones `times` in a row. */
export function chime(context, times = 1) {
  for (let index = 0; index < times * TONES_HZ.length; index += 1) {
    const pause = Math.floor(index / TONES_HZ.length) * FADE_SECONDS;
    const begin = context.currentTime + index * TONE_SECONDS + pause;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = TONES_HZ[index % TONES_HZ.length];
    volume.gain.setValueAtTime(0, begin);
    volume.gain.linearRampToValueAtTime(LOUD, begin + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, begin + FADE_SECONDS);
    tone.connect(volume).connect(context.destination);
    tone.start(begin);
    tone.stop(begin + FADE_SECONDS);
  }
}
