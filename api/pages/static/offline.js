/**
 * The service worker of the tickets: it keeps the files of their pages, which are the same for everybody, so that a tab
 * that is loaded again at the door opens without a network. What a fan saw is kept by the page itself, for them alone.
 */

const NAME = 'frontrow-tickets-';
const CACHE = `${NAME}{{version}}`;
const SHELL = '/tickets';
const FILES = [
  '{{base}}/index.js',
  '{{base}}/index.css',
  '{{base}}/words/en.json',
  '{{base}}/words/ko.json',
  '{{base}}/icon.svg',
];
const PATIENCE_MS = 4000;
const AWAY = [502, 503, 504];

/** Keep a file if it is of this version: while a new one is rolled out, an old process may answer for it. */
async function keep(cache, address) {
  const answer = await fetch(address, { cache: 'reload' });
  const isOurs =
    address === SHELL
      ? (await answer.clone().text()).includes('{{base}}/')
      : answer.headers.get('Cache-Control')?.includes('immutable');
  if (!answer.ok || !isOurs) throw new Error(`${address} is of another version`);
  await cache.put(address, answer);
}

/** What fails is tried again when a page of the tickets is opened the next time. */
async function keepAll() {
  const cache = await caches.open(CACHE);
  await Promise.all([SHELL, ...FILES].map((address) => keep(cache, address)));
  await self.skipWaiting();
}

self.addEventListener('install', (event) => event.waitUntil(keepAll()));

async function takeOver() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(NAME) && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener('activate', (event) => event.waitUntil(takeOver()));

/** The page as the service has it; as it was kept where the service is away or takes too long. */
async function page(request) {
  const asked = fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  try {
    const answer = await Promise.race([asked, late]);
    if (answer && !AWAY.includes(answer.status)) return answer;
  } catch {
    // There is no network.
  }
  return (await caches.match(SHELL)) ?? asked;
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (FILES.includes(pathname)) event.respondWith(caches.match(pathname).then((kept) => kept ?? fetch(request)));
});
