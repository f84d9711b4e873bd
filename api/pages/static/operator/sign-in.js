/** Letting an operator in: in demo mode by a button, else by an identity that holds the operator's scope. */

import { ask } from '../talk/http.js';
import { configuration } from '../keep/configuration.js';
import { claimsOf } from '../keep/identity.js';
import { signInOperator } from '../keep/operator-identity.js';
import { h, show } from '../screen/dom.js';
import { notice, refusal } from '../screen/notice.js';
import { once } from '../screen/once.js';
import { render } from '../screen/router.js';
import { say } from '../screen/words.js';

/** Let an identity in when the service takes it for an operator's; rejects with the refusal when it does not. */
async function enter(token) {
  await ask('GET', '/v1/operator/service', { credential: token });
  signInOperator(token);
  render();
}

async function enterDemo(messages) {
  try {
    const { body } = await ask('POST', '/demo/identity', { body: { name: 'demo-operator', operator: true } });
    await enter(body.token);
  } catch (error) {
    show(messages, refusal(error));
  }
}

async function enterWithIdentity(event, messages) {
  const token = new FormData(event.target).get('identity').trim();
  try {
    claimsOf(token);
  } catch {
    show(messages, notice('bad', say('console.identity.bad')));
    return;
  }
  try {
    await enter(token);
  } catch (error) {
    show(messages, refusal(error));
  }
}

/** The sign-in of the console. */
export async function signIn(main) {
  const messages = h('div');
  const demo = h(
    'button',
    { class: 'strong wide', type: 'button', onclick: once(() => enterDemo(messages)) },
    say('console.enter-demo'),
  );
  const form = h(
    'form',
    { class: 'form', onsubmit: once((event) => enterWithIdentity(event, messages)) },
    h('label', { for: 'identity' }, say('console.identity')),
    h('input', {
      id: 'identity',
      name: 'identity',
      type: 'password',
      autocomplete: 'off',
      required: true,
      'aria-describedby': 'identity-hint',
    }),
    h('p', { id: 'identity-hint', class: 'soft' }, say('console.identity.hint')),
    h('button', { class: configuration.demo ? 'plain' : 'strong', type: 'submit' }, say('nav.signin')),
  );
  show(
    main,
    h(
      'section',
      { class: 'narrow' },
      h('h1', null, say('console.title')),
      messages,
      configuration.demo ? demo : null,
      form,
    ),
  );
}
