/** What other tabs of the same person do: their storage tells of it. */

/**
 * Call `onChange()` when another tab begins, ends or forgets what is kept under one of `names` (e.g. `errand`,
 * `pay.7`), given as `[map, name]`. Stops with `signal`.
 */
export function whenElsewhere(names, signal, onChange) {
  const endings = names.map(([map, name]) => [`frontrow.${map}.`, `/${name}`]);
  const concerns = (key) => endings.some(([begin, end]) => key.startsWith(begin) && key.endsWith(end));
  window.addEventListener('storage', ({ key }) => key && concerns(key) && onChange(), { signal });
}
