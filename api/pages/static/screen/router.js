/** Addresses to views: `/concerts/{id}` and the like, without ever loading the page anew. */

const routes = [];
let leaving = new AbortController();
let draw = () => {};
let otherwise = () => {};

/** Let `view(params, signal)` show the addresses that match `pattern`, a path with `{names}` of numbers. */
export function route(pattern, view) {
  const expression = new RegExp(`^${pattern.replace(/\{(\w+)\}/g, '(?<$1>\\d+)')}/?$`);
  routes.push({ expression, view });
}

/** Show the view of the present address. The signal it gets aborts when the fan leaves it. */
export function render() {
  leaving.abort();
  leaving = new AbortController();
  for (const { expression, view } of routes) {
    const match = expression.exec(location.pathname);
    if (match) return draw(view, { ...match.groups }, leaving.signal);
  }
  return draw(otherwise, {}, leaving.signal);
}

/** Go to `path`; `replace` forgets the present one, so that going back does not return to it. */
export function go(path, { replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', path);
  window.scrollTo(0, 0);
  render();
}

function follow(event) {
  const link = event.target.closest?.('a[href^="/"]:not([data-outside])');
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(link.getAttribute('href'));
}

/** Begin: `drawView(view, params, signal)` is called for every address; one without a view is `missing`'s. */
export function startRouter(drawView, missing) {
  draw = drawView;
  otherwise = missing;
  window.addEventListener('popstate', render);
  document.addEventListener('click', follow);
  render();
}
