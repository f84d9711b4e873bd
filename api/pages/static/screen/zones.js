/** Times of day in the time zone of a venue. */

const DAY = 86_400_000;
const PARTS = ['year', 'month', 'day', 'hour', 'minute', 'second'];

/** The date and time of day that clocks in `zone` show at `ms`, as if they were UTC's; `RangeError` for no zone. */
export function wallClock(ms, zone) {
  const options = Object.fromEntries(PARTS.map((part) => [part, 'numeric']));
  const format = new Intl.DateTimeFormat('en-US', { ...options, timeZone: zone, hourCycle: 'h23' });
  const shown = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(shown.year, shown.month - 1, shown.day, shown.hour, shown.minute, shown.second);
}

/**
 * The moment at which clocks in `zone` show `local` (`2031-05-01T19:30`): the earlier one where they show it twice, null
 * where they never do because they are put forward.
 */
export function momentIn(local, zone) {
  const wanted = Date.parse(`${local}:00Z`);
  const offsets = [wanted - DAY, wanted + DAY].map((near) => wallClock(near, zone) - near);
  const moments = offsets.map((offset) => wanted - offset).filter((ms) => wallClock(ms, zone) === wanted);
  return moments.length ? new Date(Math.min(...moments)) : null;
}

/** Whether this browser knows a time zone of that name. */
export function isZone(name) {
  try {
    return wallClock(0, name) !== null;
  } catch {
    return false;
  }
}

export const zoneNames = () => Intl.supportedValuesOf?.('timeZone') ?? [];
