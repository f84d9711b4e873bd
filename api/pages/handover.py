"""A fan's identity, handed over by the seller's own site in a form: never in an address, a history or a log."""

import re
from urllib.parse import parse_qs

import falcon

from api.pages.assets import Assets
from api.pages.security import harden
from api.pages.shell import Shell
from settings import Settings

LONGEST_FORM = 16_384
COMPACT_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
OWN_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9/_-]*")


def origins_of(settings: Settings) -> frozenset[str]:
    """Return the origins that may hand an identity over; none by default."""
    return frozenset(settings.handover_origins.split())


class HandoverResource:
    """`POST /signin/handover` with the form fields `identity` and, when wanted, `return_to`."""

    def __init__(self, assets: Assets, origins: frozenset[str]) -> None:
        """Believe forms from `origins` alone, so that nobody signs a fan in as somebody else."""
        self._shell = Shell.of(assets, "handover.html")
        self._page = self._shell.page.body.decode()
        self._origins = origins

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer a page that moves the identity into the session's storage and goes on to `return_to`."""
        if req.get_header("Origin") not in self._origins:
            raise falcon.HTTPForbidden(description="This origin may not hand over an identity.")
        identity, return_to = self._fields(req)
        harden(resp, script_hash=self._shell.script_hash)
        resp.cache_control = ["no-store"]
        resp.content_type = "text/html; charset=utf-8"
        # Both values were matched against their alphabets, so they need no escaping.
        resp.text = self._page.replace("{{identity}}", identity).replace("{{return_to}}", return_to)

    @staticmethod
    def _fields(req: falcon.Request) -> tuple[str, str]:
        body = req.bounded_stream.read(LONGEST_FORM + 1)
        if len(body) > LONGEST_FORM:
            raise falcon.HTTPContentTooLarge
        fields = parse_qs(body.decode("ascii", "replace"))
        identity = fields.get("identity", [""])[0]
        if not COMPACT_JWT.fullmatch(identity):
            raise falcon.HTTPBadRequest(description="The field `identity` holds no signed token.")
        return_to = fields.get("return_to", ["/"])[0]
        return identity, return_to if OWN_PATH.fullmatch(return_to) else "/"
