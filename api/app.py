"""The application: the only place that wires routes, middleware and handlers."""

from datetime import timedelta
from typing import Any

import falcon

from api import lanes
from api.operation import Enforcement
from api.problems import add_problem_handlers
from api.request_frame import RequestFrame
from api.routes import ROUTES
from api.trace_frame import TraceFrame
from api.unreadable import add_unreadable_handlers
from api.wiring import Wiring, wire
from models import database
from settings import Settings
from workers.traces import traces_of

EXPOSED_HEADERS = (
    "ETag, Idempotent-Replayed, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After,"
    " X-Request-ID"
)


def create_app(settings: Settings) -> falcon.App[Any, Any]:
    """Make the WSGI application for these settings; nothing is connected to before the first request."""
    # The workers' side, imported for its tasks, is patient with the database; a client is not kept waiting so long.
    database.bind(
        settings.database_url,
        application_name="frontrow-web",
        deadline=timedelta(seconds=settings.database_deadline_seconds),
        without=database.WITHOUT_SCANS,
    )
    wiring = wire(settings)
    lanes.recognise_with(wiring.gatekeeper.lane_of)
    enforcement = Enforcement(wiring.gatekeeper, wiring.acceptance, wiring.limits)
    frames = [RequestFrame(wiring.tally, lambda: _start(wiring)), *_trace_frame(settings)]
    app = Application(middleware=[*_cors(settings), *frames, enforcement])
    app.req_options.strip_url_path_trailing_slash = True
    add_problem_handlers(app)
    add_unreadable_handlers(app)
    for path, resource_class in ROUTES:
        # A user id may hold slashes.
        app.add_route(path.replace("{user_id}", "{user_id:path}"), resource_class(wiring))
    _add_pages(app, settings)
    return app


def _start(wiring: Wiring) -> None:
    """Start what runs beside requests; called with each, as the process that serves may be a fork of this one."""
    wiring.deferred_answers.start()
    wiring.gatekeeper.start()


class Application(falcon.App[Any, Any]):
    """Falcon's application, whose resources answer HEAD wherever they answer GET; the server leaves the body away."""

    def add_route(self, uri_template: str, resource: Any, **more: Any) -> None:
        """Route a resource, whoever adds it."""
        if hasattr(resource, "on_get"):
            resource.on_head = resource.on_get
        super().add_route(uri_template, resource, **more)


class Origins(falcon.CORSMiddleware[Any, Any]):
    """Falcon's middleware, whose answers also say that they depend on the origin: a cache may keep some of them."""

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        req_succeeded: bool,  # noqa: FBT001  # Falcon calls it so.
    ) -> None:
        """Add the headers that let scripts of other origins read the answer."""
        super().process_response(req, resp, resource, req_succeeded)
        if self.allow_origins != "*":
            resp.append_header("Vary", "Origin")


def _cors(settings: Settings) -> list[Any]:
    """Let scripts of configured origins read answers; of none by default. Credentials are headers, never cookies."""
    origins = settings.cors_origins.split()
    if not origins:
        return []
    return [
        Origins(
            allow_origins="*" if "*" in origins else origins, expose_headers=EXPOSED_HEADERS, allow_credentials=None
        )
    ]


def _trace_frame(settings: Settings) -> list[Any]:
    """Trace requests where that is switched on; nothing stands in their way otherwise."""
    traces = traces_of(settings)
    return [TraceFrame(traces)] if traces is not None else []


def _add_pages(app: falcon.App[Any, Any], settings: Settings) -> None:
    from api.pages import add_pages

    add_pages(app, settings)
