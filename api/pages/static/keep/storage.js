/** The browser's storage as small maps of JSON values; in memory where the browser forbids storing. */

function usable(storage) {
  try {
    storage().setItem('frontrow.probe', '1');
    storage().removeItem('frontrow.probe');
    return storage();
  } catch {
    return null;
  }
}

// Where nothing may be stored it is remembered as long as the page is open.
const memories = new Map();

function memoryOf(prefix) {
  if (!memories.has(prefix)) memories.set(prefix, new Map());
  return memories.get(prefix);
}

/** A map below `prefix`. `where` is a function that returns the storage, as even naming it may be forbidden. */
export function mapOf(prefix, where) {
  const storage = usable(where);
  const memory = memoryOf(prefix);
  const read = (key) => (storage ? storage.getItem(prefix + key) : (memory.get(key) ?? null));
  return {
    get(key) {
      try {
        return JSON.parse(read(key));
      } catch {
        return null;
      }
    },
    set(key, value) {
      const text = JSON.stringify(value);
      return storage ? storage.setItem(prefix + key, text) : memory.set(key, text);
    },
    remove: (key) => (storage ? storage.removeItem(prefix + key) : memory.delete(key)),
    keys() {
      const all = storage ? Object.keys(storage).filter((key) => key.startsWith(prefix)) : [...memory.keys()];
      return storage ? all.map((key) => key.slice(prefix.length)) : all;
    },
    clear() {
      for (const key of this.keys()) this.remove(key);
    },
  };
}

/** A map that keeps nothing. */
export const nothing = { get: () => null, set: () => {}, remove: () => {}, keys: () => [], clear: () => {} };

export const lasting = (prefix) => mapOf(`frontrow.${prefix}.`, () => window.localStorage);
export const ofSession = (prefix) => mapOf(`frontrow.${prefix}.`, () => window.sessionStorage);
