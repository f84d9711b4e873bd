"""What a client would like (RFC 7240): to wait for the outcome of a change instead of asking for it later."""

import re

import falcon

# Nobody is kept waiting longer, whatever they prefer.
LONGEST_WAIT_SECONDS = 10.0

_WAIT = re.compile(r'wait\s*=\s*"?(\d{1,6})"?', re.IGNORECASE)


def wait_seconds(req: falcon.Request) -> float | None:
    """Return for how long the client would like to wait, at most 10 s; None where they would not.

    A preference that is not understood is no preference, as RFC 7240 has it, and of two the first one counts.
    """
    given = req.env.get("HTTP_PREFER")
    if not given:
        return None
    for preference in given.split(","):
        found = _WAIT.fullmatch(preference.partition(";")[0].strip())
        if found:
            return min(float(found[1]), LONGEST_WAIT_SECONDS) or None
    return None
