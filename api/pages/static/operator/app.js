/** The operator's console: which view stands at which address, behind the sign-in. */

import { operator, forgetOperator } from '../keep/operator-identity.js';
import { h, show } from '../screen/dom.js';
import { frame } from '../screen/frame.js';
import { isMissing, showMissing } from '../screen/missing.js';
import { refusal } from '../screen/notice.js';
import { go, route, startRouter, render } from '../screen/router.js';
import { loadWords, say } from '../screen/words.js';
import { creation } from './creation.js';
import { desk } from './desk.js';
import { overview } from './overview.js';
import { signIn } from './sign-in.js';

route('/operator', overview);
route('/operator/new', creation);
route('/operator/concerts/{concert}', desk);

const links = () =>
  operator()
    ? [
        h('a', { class: 'quiet', href: '/operator' }, say('console.concerts')),
        h(
          'button',
          {
            class: 'quiet',
            type: 'button',
            onclick: () => {
              forgetOperator();
              go('/operator');
            },
          },
          say('signout'),
        ),
      ]
    : [];

async function draw(view, params, signal) {
  const main = frame({ home: '/operator', title: say('console.title'), links: links(), redraw: render });
  main.classList.add('console');
  document.title = `${say('console.title')} · frontrow`;
  try {
    await (operator() ? view : signIn)(main, params, signal);
  } catch (error) {
    const home = h('a', { class: 'plain', href: '/operator' }, say('console.concerts'));
    if (!signal.aborted && isMissing(error)) showMissing(main, error, home);
    else if (!signal.aborted) show(main, refusal(error));
    if (!error.code) throw error;
  }
}

await loadWords();
startRouter(draw, overview);
