/** A picture for a concert that has none: rows of lit seats before a stage, in a colour of its own. */

import { svg } from '../screen/dom.js';

const HUES = [342, 262, 206, 168, 24, 228, 286, 8];

function lights(hue, seed) {
  const dots = [];
  for (let row = 0; row < 7; row += 1) {
    const radius = 60 + row * 22;
    for (let step = -row - 5; step <= row + 5; step += 1) {
      const angle = Math.PI / 2 + step * (13 / radius);
      const lit = (seed * 31 + row * 17 + (step + 40) * 7) % 11 < 3;
      dots.push(
        svg('circle', {
          cx: (160 + radius * Math.cos(angle) * 1.35).toFixed(1),
          cy: (10 + radius * Math.sin(angle)).toFixed(1),
          r: 4.6,
          fill: lit ? `hsl(${hue} 95% 82%)` : `hsl(${hue} 45% 42%)`,
          'fill-opacity': lit ? 1 : 0.7,
        }),
      );
    }
  }
  return dots;
}

/** A decorative SVG; the same concert has the same one each time. */
export function poster({ id }) {
  const hue = HUES[id % HUES.length];
  const glow = `glow-${id}`;
  return svg(
    'svg',
    { class: 'poster', viewBox: '0 0 320 180', preserveAspectRatio: 'xMidYMid slice', 'aria-hidden': 'true' },
    svg(
      'defs',
      null,
      svg(
        'radialGradient',
        { id: glow, cx: '50%', cy: '0%', r: '90%' },
        svg('stop', { offset: '0', 'stop-color': `hsl(${hue} 66% 50%)` }),
        svg('stop', { offset: '1', 'stop-color': `hsl(${hue} 52% 14%)` }),
      ),
    ),
    svg('rect', { width: 320, height: 180, fill: `url(#${glow})` }),
    svg('path', { d: 'M96 0h128l-14 26q-50 12-100 0z', fill: `hsl(${hue} 90% 90%)`, 'fill-opacity': 0.92 }),
    lights(hue, id),
  );
}
