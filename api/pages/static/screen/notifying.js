/** Notifications of the browser: asked for on a press alone, and done without where it has none or the person wants none. */

/** Whether this browser could show one: it must know them, and only knows them in a secure context. */
export const canNotify = () => 'Notification' in window && window.Notification.permission !== 'denied';

/** Show one instead of the last of that `tag`; pressing it brings the page to the front. Returns whether it was shown. */
export function notify(tag, title, body) {
  try {
    const shown = new Notification(title, { body, tag, renotify: true, lang: document.documentElement.lang });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
    return true;
  } catch {
    // Phones' browsers know the word and refuse to do it from a page.
    return false;
  }
}

/** Ask the person, who has just pressed something, unless they have answered before. Resolves to whether they allow it. */
export async function mayNotify() {
  if (!canNotify()) return false;
  if (Notification.permission === 'default') await Notification.requestPermission();
  return Notification.permission === 'granted';
}
