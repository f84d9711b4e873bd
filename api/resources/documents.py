"""Documents for people and programs: the OpenAPI document, its human page, and a page for every problem code."""

import falcon
from pydantic_core import to_json

from api.caching import Representation
from api.documentation import docs_page, problem_page
from api.operation import operation
from api.problem_codes import PROBLEMS
from api.problems import ProblemError
from api.wiring import Resource

TAG = "Documents"
CACHE = "public, max-age=300"


class OpenApi(Resource):
    """`/openapi.json`."""

    @operation("The OpenAPI document", tag=TAG, answers={200: None})
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send the document."""
        from api.openapi import document

        Representation(to_json(document())).answer(req, resp, CACHE)


class Docs(Resource):
    """`/docs`."""

    @operation("This service's documentation for people", tag=TAG, answers={200: None}, media_type="text/html")
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send the page."""
        from api.openapi import document

        _send_page(req, resp, docs_page(document()))


class ProblemPage(Resource):
    """`/problems/{code}`."""

    @operation("What a problem code means", tag=TAG, answers={200: None}, media_type="text/html")
    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Explain one code."""
        if code not in PROBLEMS:
            raise ProblemError(code="not_found", detail="There is no such problem code.")
        _send_page(req, resp, problem_page(code))


def _send_page(req: falcon.Request, resp: falcon.Response, page: tuple[str, str]) -> None:
    html, policy = page
    resp.set_header("Content-Security-Policy", policy)
    resp.set_header("Referrer-Policy", "no-referrer")
    Representation(html.encode()).answer(req, resp, CACHE)
    if resp.data is not None:
        resp.content_type = falcon.MEDIA_HTML
