/** The fan's pages: which view stands at which address. */

import { configuration } from '../keep/configuration.js';
import { whenSignedOutElsewhere } from '../keep/identity.js';
import { ownerId } from '../keep/owner.js';
import { announce } from '../screen/announce.js';
import { h, show } from '../screen/dom.js';
import { refusal } from '../screen/notice.js';
import { frame } from '../screen/frame.js';
import { isMissing, showMissing } from '../screen/missing.js';
import { go, route, startRouter, render } from '../screen/router.js';
import { loadWords, say } from '../screen/words.js';
import { Problem } from '../talk/problem.js';
import { checkout } from './checkout.js';
import { concert } from './concert.js';
import { dates } from './dates.js';
import { headerLinks } from './header-links.js';
import { programme } from './programme.js';
import { seatChoice } from './seat-choice.js';
import { signInPage } from './sign-in.js';
import { ticket } from './ticket.js';
import { tickets } from './tickets.js';
import { waitingRoom } from './waiting-room.js';

route('/', programme);
route('/signin', signInPage);
route('/concerts/{concert}', concert);
route('/concerts/{concert}/line', waitingRoom);
route('/concerts/{concert}/dates', dates);
route('/concerts/{concert}/seats/{performance}', seatChoice);
route('/concerts/{concert}/checkout', checkout);
route('/tickets', tickets);
route('/tickets/{reservation}', ticket);

/** The view of an address that leads nowhere. */
async function missing() {
  throw new Problem('not_found', { status: 404 });
}

/** Where else to go from an address that leads nowhere. */
const waysOn = () => [
  ownerId() ? h('a', { class: 'plain', href: '/tickets' }, say('nav.tickets')) : null,
  location.pathname.startsWith('/operator')
    ? h('a', { class: 'plain', href: '/operator', 'data-outside': true }, say('console.title'))
    : null,
];

let first = true;

async function draw(view, params, signal) {
  const main = frame({ home: '/', title: configuration.service_name, links: headerLinks(render), redraw: render });
  const title = say(`title.${view.name}`);
  document.title = `${title} · ${configuration.service_name}`;
  // A screen reader learns of the new view as it would of a new page; the first one it reads by itself.
  if (!first) {
    main.focus({ preventScroll: true });
    announce(title);
  }
  first = false;
  try {
    await view(main, params, signal);
  } catch (error) {
    const home = h('a', { class: 'plain', href: '/' }, say('tickets.empty.go'));
    if (!signal.aborted && isMissing(error)) showMissing(main, error, home, ...waysOn());
    else if (!signal.aborted) show(main, h('h1', null, title), refusal(error, home));
    if (!error.code) throw error;
  }
}

await loadWords();
startRouter(draw, missing);
whenSignedOutElsewhere(() => go('/', { replace: true }));
