"""The headers that keep a page to itself: no foreign code, no framing, no leaking of addresses."""

from functools import cache

import falcon

POLICIES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "worker-src": "'self'",
    "style-src": "'self'",
    # The ticket's code is fetched with a credential and shown from a blob.
    "img-src": "'self' blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    # The pages never make code of text; the one exception is the address of a worker.
    "require-trusted-types-for": "'script'",
    "trusted-types": "frontrow-worker",
}

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def harden(resp: falcon.Response, *, keep_opener: bool = False, script_hash: str | None = None) -> None:
    """Set the security headers.

    `keep_opener` lets the window that opened this one talk to it; `script_hash` (SHA-256, base64) is of the one script
    that may stand in the page itself.
    """
    for name, value in HEADERS.items():
        resp.set_header(name, value)
    resp.set_header("Content-Security-Policy", _policy(script_hash))
    resp.set_header("Cross-Origin-Opener-Policy", "unsafe-none" if keep_opener else "same-origin")


@cache
def _policy(script_hash: str | None) -> str:
    scripts = POLICIES["script-src"] + (f" 'sha256-{script_hash}'" if script_hash else "")
    return "; ".join(f"{name} {value}" for name, value in (POLICIES | {"script-src": scripts}).items())
