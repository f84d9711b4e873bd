"""The fan's pages and the operator's console: static modules, and the few resources only they need."""

from pathlib import Path
from typing import Any

import falcon

from api.pages.assets import AssetResource, Assets
from api.pages.configuration import configuration_of
from api.pages.demo_identity import DemoIdentityResource
from api.pages.handover import HandoverResource, origins_of
from api.pages.missing import MissingPage
from api.pages.offline import OfflineResource
from api.pages.shell import ShellResource
from api.pages.ticket_code import TicketCodeResource
from settings import Settings

FAN_PATHS = (
    "/",
    "/signin",
    "/concerts/{concert_id:int}",
    "/concerts/{concert_id:int}/line",
    "/concerts/{concert_id:int}/dates",
    "/concerts/{concert_id:int}/seats/{performance_id:int}",
    "/concerts/{concert_id:int}/checkout",
    "/tickets",
    "/tickets/{reservation_id}",
)
OPERATOR_PATHS = ("/operator", "/operator/concerts/{concert_id:int}", "/operator/new")


def add_pages(app: falcon.App[Any, Any], settings: Settings) -> None:
    """Route the pages on `app`; they sit at `/`, beside the API under `/v1`.

    The demo identity is routed in demo mode alone: elsewhere the path does not exist.
    """
    assets = Assets.read(Path(__file__).parent / "static")
    configuration = configuration_of(settings)
    origins = origins_of(settings)
    for path in FAN_PATHS:
        opened_by_seller = path == "/signin" and bool(origins)
        app.add_route(path, ShellResource(assets, "index.html", configuration, keep_opener=opened_by_seller))
    for path in OPERATOR_PATHS:
        app.add_route(path, ShellResource(assets, "operator.html", configuration))
    app.add_route("/pages/{version}/{path:path}", AssetResource(assets))
    app.add_route("/offline.js", OfflineResource(assets, configuration))
    app.add_route("/signin/handover", HandoverResource(assets, origins))
    app.add_route("/tickets/{reservation_id}/code.svg", TicketCodeResource(settings))
    app.add_error_handler(falcon.HTTPRouteNotFound, MissingPage(assets, configuration))
    if settings.demo:
        app.add_route("/demo/identity", DemoIdentityResource(settings))
