/** Money, dates and durations as people of the language write them. */

import { figure, language, say } from './words.js';

const ZONE = 'Asia/Seoul';
const dateFormat = (options) => new Intl.DateTimeFormat(language(), { timeZone: ZONE, ...options });

export const money = (points) => say('money', { amount: figure(points) });
export const day = (moment) =>
  dateFormat({ weekday: 'short', year: 'numeric', month: 'long', day: 'numeric' }).format(new Date(moment));
export const dayOfMonth = (moment) => dateFormat({ day: 'numeric' }).format(new Date(moment)).replace(/\D/g, '');
export const month = (moment) => dateFormat({ month: 'short' }).format(new Date(moment));
export const weekday = (moment) => dateFormat({ weekday: 'long' }).format(new Date(moment));
export const time = (moment) => dateFormat({ hour: 'numeric', minute: '2-digit' }).format(new Date(moment));
export const dayAndTime = (moment) => `${day(moment)}, ${time(moment)}`;

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

export const shortMoment = (moment) =>
  dateFormat({ month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' }).format(new Date(moment));

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
