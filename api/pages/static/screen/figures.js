/**
 * Money, dates and durations as people of the language write them. Times are those of `zone`, which is the venue's, or of
 * the service's own time zone; a time of day names its zone where the clock of whoever looks shows another.
 */

import { configuration } from '../keep/configuration.js';
import { language, say } from './words.js';
import { isZone, wallClock } from './zones.js';

// A browser may be older than the name of a zone; it shows UTC, and names it wherever its own clock shows another time.
const known = (zone = configuration.timezone) => (isZone(zone) ? zone : 'UTC');

/** The short name of a day within a date, as the language writes it there: `Sun`, `(일)`; some browsers do it by themselves. */
const dayName = (name, before) => (before?.value.endsWith('(') ? name : say('weekday', { name }));

function written(options, moment, zone) {
  const at = new Date(moment);
  const timeZone = known(zone);
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const foreign = options.hour && wallClock(at.getTime(), timeZone) !== wallClock(at.getTime(), own);
  const name = foreign ? { timeZoneName: 'short' } : {};
  const parts = new Intl.DateTimeFormat(language(), { timeZone, ...options, ...name }).formatToParts(at);
  const isPart = options.weekday === 'short';
  return parts
    .map(({ type, value }, index) => (isPart && type === 'weekday' ? dayName(value, parts[index - 1]) : value))
    .join('');
}

/** Points with their unit, which is a word: a letter alone says nothing to whoever sees or hears it first. */
export const money = (points) => say('money', { count: points });

const AMOUNTS = new Set(['amount', 'balance']);

/** Whether what the API calls `name` is an amount of points. */
export const isAmount = (name) => AMOUNTS.has(name);
export const day = (moment, zone) =>
  written({ weekday: 'short', year: 'numeric', month: 'long', day: 'numeric' }, moment, zone);
export const dayOfMonth = (moment, zone) => written({ day: 'numeric' }, moment, zone).replace(/\D/g, '');
export const month = (moment, zone) => written({ month: 'short' }, moment, zone);
export const weekday = (moment, zone) => written({ weekday: 'long' }, moment, zone);
export const time = (moment, zone) => written({ hour: 'numeric', minute: '2-digit' }, moment, zone);
export const dayAndTime = (moment, zone) =>
  say('day-and-time', { day: day(moment, zone), time: time(moment, zone) });

/** `4:07` of milliseconds; never below zero. */
export function minutesAndSeconds(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** A rough duration for an estimate: nobody believes seconds in a waiting room. */
export function roughly(seconds) {
  if (seconds === null || seconds === undefined) return say('duration.unknown');
  if (seconds < 50) return say('duration.soon');
  if (seconds < 90 * 60) return say('duration.minutes', { count: Math.max(1, Math.round(seconds / 60)) });
  return say('duration.hours', { count: Math.round(seconds / 3600) });
}

/** A duration that is set, in whole minutes where it is some. */
export function exactly(seconds) {
  const whole = seconds >= 60 && seconds % 60 === 0;
  return say(whole ? 'duration.exact-minutes' : 'duration.exact-seconds', { count: whole ? seconds / 60 : seconds });
}

export const shortMoment = (moment, zone) =>
  written({ weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' }, moment, zone);

export const exactTime = (moment, zone) =>
  written({ hour: 'numeric', minute: '2-digit', second: '2-digit' }, moment, zone);

/** A moment to the second, with its year: what has to be told apart and put in order. */
export const exactMoment = (moment, zone) =>
  written(
    {
      weekday: 'short',
      year: 'numeric',
      month: 'short',
      day: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
      second: '2-digit',
    },
    moment,
    zone,
  );

/** `R, row 1: 12, 13`, a row at a time. */
export function seatNames(seats) {
  const rows = new Map();
  for (const { section, row, number } of seats) {
    const key = JSON.stringify([section, row]);
    rows.set(key, [...(rows.get(key) ?? []), number]);
  }
  return [...rows]
    .map(([key, numbers]) => {
      const [section, row] = JSON.parse(key);
      return say('seat.names', { section, row: String(row), numbers: numbers.join(', ') });
    })
    .join(' · ');
}

/** `R, row 3, seat 12` */
export const seatName = (seat) =>
  say('seat.name', { section: seat.section, row: String(seat.row), number: String(seat.number) });
