/** The prices with their colours, their sections and how many seats are left at each; pressing one shows only its seats in colour. */

import { h, show } from '../screen/dom.js';
import { money } from '../screen/figures.js';
import { say } from '../screen/words.js';

function leftByPrice(seats) {
  const left = new Map();
  for (const { price, status } of seats) left.set(price, (left.get(price) ?? 0) + Number(status === 'available'));
  return left;
}

function sectionsByPrice(seats) {
  const sections = new Map();
  for (const { price, section } of seats) {
    if (!sections.has(price)) sections.set(price, new Set());
    sections.get(price).add(section);
  }
  return sections;
}

function entry(price, { tier, sections, left, pressed, onPress }) {
  const names = [...sections].join(', ');
  return h(
    'button',
    { type: 'button', class: `legend-price tier-${tier + 1}`, 'aria-pressed': pressed, onclick: onPress },
    h('span', { class: 'legend-colour', 'aria-hidden': 'true' }),
    h('b', { class: 'legend-sections', title: names }, names),
    h('span', null, money(price)),
    h('span', { class: 'soft' }, say('legend.left', { count: left })),
  );
}

/** Build the legend; `state.price` is the price pressed. Returns `{element, refresh}`. */
export function legend(seats, state, redraw) {
  const element = h('div', { class: 'legend', role: 'group', 'aria-label': say('legend.label') });
  const sections = sectionsByPrice(seats);
  const refresh = () => {
    const left = leftByPrice(seats);
    const focused = [...element.children].indexOf(document.activeElement);
    const press = (price) => () => {
      state.price = state.price === price ? null : price;
      refresh();
      redraw();
    };
    show(
      element,
      [...state.tiers].map(([price, tier]) =>
        entry(price, {
          tier,
          sections: sections.get(price),
          left: left.get(price),
          pressed: String(state.price === price),
          onPress: press(price),
        }),
      ),
      h(
        'span',
        { class: 'legend-taken' },
        h('span', { class: 'legend-colour', 'aria-hidden': 'true' }),
        say('legend.taken'),
      ),
    );
    element.children[focused]?.focus();
  };
  refresh();
  return { element, refresh };
}
