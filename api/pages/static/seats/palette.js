/** The colours of the map, from the style sheet, so that dark mode has its own. None is the brand's red, which asks to act. */

const TIERS = 6;

/** `{tiers: [...], taken, chosen, ink, paper, stage, line}` as the page's style has them now. */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  const tiers = Array.from({ length: TIERS }, (_, index) => of(`tier-${index + 1}`));
  return {
    tiers,
    taken: of('seat-taken'),
    chosen: of('ink'),
    paper: of('surface'),
    ink: of('ink'),
    soft: of('soft'),
    stage: of('stage'),
    onTier: of('on-tier'),
  };
}

/** The prices from dear to cheap, each with the number of its colour: `Map(price → index)`. */
export function tiersOf(seats) {
  const prices = [...new Set(seats.map((seat) => seat.price))].sort((one, other) => other - one);
  return new Map(prices.map((price, index) => [price, index % TIERS]));
}
