/** Requests of the owner that are under way, by name: what to send again, with the same key, after a reload. */

import { belongings } from './owner.js';

export const errands = () => belongings('errand');
