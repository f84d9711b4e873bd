"""Identities for anybody who gives a name, in demo mode alone, where nothing is worth anything."""

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import falcon
import jwt

from api.host_names import is_of_this_machine
from api.pages.security import harden
from models.clock import to_rfc3339, utcnow
from settings import Settings

LIFETIME = timedelta(hours=12)
LONGEST_BODY = 1024
LONGEST_NAME = 64
# A name of these characters alone is the user id itself, so that one can type it in a shell.
PLAIN = re.compile(r"[A-Za-z0-9_.@:-]{1,64}")


def user_id_of(name: str) -> str:
    """Return the name itself where it is a plain word, else a user id made of it, the same each time."""
    if PLAIN.fullmatch(name):
        return name
    return f"fan-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def read_wish(req: falcon.Request) -> tuple[str, bool]:
    """Read `{"name", "operator"?}` from the body; raises 400 for anything else."""
    try:
        wish = json.loads(req.bounded_stream.read(LONGEST_BODY))
        name, operator = wish["name"].strip(), wish.get("operator", False)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        name, operator = "", False
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise falcon.HTTPBadRequest(description=f"`name` must be a text of 1 to {LONGEST_NAME} characters.")
    return name, operator is True


class DemoIdentityResource:
    """`POST /demo/identity`: a name in, a signed identity out."""

    def __init__(self, settings: Settings) -> None:
        """Sign with the secret that the API believes."""
        self._key = (settings.identity_secret or settings.secret).get_secret_value()
        self._fixed = {"aud": settings.identity_audience, "iss": settings.identity_issuer}

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer 201 with `token`, `user_id` and `expires_at`."""
        if not is_of_this_machine(req):
            raise falcon.HTTPForbidden(
                description="Demo identities are for pages of this machine: open it by its address, or as localhost."
            )
        name, operator = read_wish(req)
        ends = utcnow() + LIFETIME
        claims: dict[str, Any] = {"sub": user_id_of(name), "name": name, "iat": utcnow(), "exp": ends}
        claims |= {claim: value for claim, value in self._fixed.items() if value}
        if operator:
            claims["scope"] = "operator"
        harden(resp)
        resp.cache_control = ["no-store"]
        resp.status = falcon.HTTP_201
        token = jwt.encode(claims, self._key, algorithm="HS256")
        resp.media = {"token": token, "user_id": claims["sub"], "expires_at": to_rfc3339(ends)}
