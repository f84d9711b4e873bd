/** What the header offers a fan: the tickets, and who is signed in. */

import { forgetIdentity, identity } from '../keep/identity.js';
import { ownerId } from '../keep/owner.js';
import { h } from '../screen/dom.js';
import { go } from '../screen/router.js';
import { confirmation } from '../screen/sheet.js';
import { say } from '../screen/words.js';

async function signOut() {
  if (!(await confirmation(say('signout.title'), say('signout.text'), say('signout')))) return;
  forgetIdentity();
  go('/');
}

/** The links, newly made for every view. */
export function headerLinks() {
  const who = identity();
  const known = who || ownerId();
  return [
    known ? h('a', { class: 'quiet', href: '/tickets' }, say('nav.tickets')) : null,
    known
      ? h(
          'button',
          {
            class: 'quiet who',
            type: 'button',
            onclick: signOut,
            'aria-label': say('nav.signout', { name: who?.name ?? '' }),
          },
          h('span', { class: 'who-mark', 'aria-hidden': 'true' }, [...(who?.name ?? '·')][0]),
          h('span', { class: 'who-name' }, who?.name ?? say('signout')),
        )
      : h('a', { class: 'quiet', href: '/signin' }, say('nav.signin')),
  ];
}
