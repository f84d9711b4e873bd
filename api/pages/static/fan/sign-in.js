/** Signing in: with a name in demo mode, else with an identity that the seller's own site hands over. */

import { ask } from '../talk/http.js';
import { configuration } from '../keep/configuration.js';
import { signIn } from '../keep/identity.js';
import { h, show } from '../screen/dom.js';
import { refusal } from '../screen/notice.js';
import { go } from '../screen/router.js';
import { say } from '../screen/words.js';

/** Where to go after signing in: a path of ours, never another site. */
function destination() {
  const wished = new URLSearchParams(location.search).get('to') ?? '/';
  return /^\/(?![/\\])[\w/-]*$/.test(wished) ? wished : '/';
}

async function takeName(event, trouble) {
  event.preventDefault();
  const name = new FormData(event.target).get('name').trim();
  if (!name) return;
  try {
    const { body } = await ask('POST', '/demo/identity', { body: { name } });
    signIn(body.token, name);
    go(destination(), { replace: true });
  } catch (error) {
    show(trouble, refusal(error));
  }
}

function nameForm() {
  const trouble = h('div');
  return h(
    'form',
    { class: 'form', onsubmit: (event) => takeName(event, trouble) },
    trouble,
    h('label', { for: 'name' }, say('signin.name')),
    h('input', {
      id: 'name',
      name: 'name',
      required: true,
      maxlength: 64,
      autocomplete: 'nickname',
      'aria-describedby': 'name-hint',
    }),
    h('p', { id: 'name-hint', class: 'soft' }, say('signin.demo')),
    h('button', { class: 'strong wide', type: 'submit' }, say('signin.button')),
  );
}

/** Believe a message that the seller's page sends, when its origin is one of those the operator named. */
function listen(signal) {
  const origins = configuration.handover_origins ?? [];
  const onMessage = ({ origin, data }) => {
    if (!origins.includes(origin) || data?.type !== 'frontrow:identity') return;
    signIn(String(data.token));
    go(destination(), { replace: true });
  };
  window.addEventListener('message', onMessage, { signal });
  for (const origin of origins) window.opener?.postMessage({ type: 'frontrow:ready' }, origin);
}

function sellersDoor() {
  if (!configuration.sign_in_url) return h('p', null, say('signin.seller.none'));
  return h('a', { class: 'strong wide', href: configuration.sign_in_url, rel: 'noreferrer' }, say('signin.seller'));
}

/** The sign-in page. */
export async function signInPage(main, _params, signal) {
  listen(signal);
  show(
    main,
    h(
      'section',
      { class: 'narrow' },
      h('h1', null, say('signin.title')),
      h('p', { class: 'lead' }, say('signin.lead')),
      configuration.demo ? nameForm() : sellersDoor(),
    ),
  );
}
