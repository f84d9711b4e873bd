/** The end of a handover by form: the identity leaves the page for the session's storage, and the page is left. */

import { signIn } from '../keep/identity.js';

const told = (name) => document.querySelector(`meta[name="${name}"]`);

signIn(told('identity').content);
told('identity').remove();
location.replace(told('return-to').content);
