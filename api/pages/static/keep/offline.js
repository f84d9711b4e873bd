/** The pages of the tickets, kept by a service worker so that they load without a network. */

import { workerAddress } from '../talk/worker-address.js';

/** Let the pages be kept; on plain http, or where the browser forbids it, they need the network as all others do. */
export function keepPages() {
  navigator.serviceWorker?.register(workerAddress('offline'), { scope: '/tickets' }).catch(() => undefined);
}
