"""Addresses that nothing is served at: a page that says so for a person at a browser, a problem for a program."""

from http import HTTPStatus
from typing import Any

import falcon

from api.pages.assets import Assets
from api.pages.configuration import Configuration
from api.pages.security import harden
from api.pages.shell import Shell
from api.problems import on_http_error

API = "/v1/"


class MissingPage:
    """Answers for every address without a route."""

    def __init__(self, assets: Assets, configuration: Configuration) -> None:
        """Fill the fans' shell once; its modules know that there is no such view."""
        self._shell = Shell.of(assets, "index.html", configuration)

    def __call__(
        self, req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: dict[str, Any]
    ) -> None:
        """Answer 404 in the form that the client reads."""
        if req.method not in {"GET", "HEAD"} or "text/html" not in req.accept or req.path.startswith(API):
            on_http_error(req, resp, error, params)
            return
        harden(resp, script_hash=self._shell.script_hash)
        resp.status = HTTPStatus.NOT_FOUND
        resp.cache_control = ["no-store"]
        resp.content_type, resp.data = self._shell.page.content_type, self._shell.page.body
