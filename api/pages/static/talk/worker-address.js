/** The addresses that may become code of a worker; the page's Content-Security-Policy lets this policy alone exist. */

const ADDRESSES = {
  ticking: new URL('./ticking-worker.js', import.meta.url).href,
  offline: new URL('/offline.js', window.location.href).href,
};
const rules = { createScriptURL: (name) => ADDRESSES[name] };
const policy = window.trustedTypes?.createPolicy('frontrow-worker', rules);

/** The address of the worker `name`, in the form that this browser takes. */
export const workerAddress = (name) => (policy ?? rules).createScriptURL(name);
