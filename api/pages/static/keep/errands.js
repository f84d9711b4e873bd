/** Requests under way, by name: what to send again, with the same key, after a reload. */

import { lasting } from './storage.js';

export const errands = lasting('errand');
