"""Metrics for Prometheus: of the whole service, whichever process answers the scrape."""

from ipaddress import ip_address

import falcon
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from api.operation import operation
from api.problems import ProblemError
from api.scrape import ServiceCollector
from api.wiring import Resource, Wiring

FORWARDING_HEADERS = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")


class Metrics(Resource):
    """`/metrics`."""

    def __init__(self, wiring: Wiring) -> None:
        """Register the collector with a registry of this application's own."""
        super().__init__(wiring)
        self._registry = CollectorRegistry()
        self._registry.register(ServiceCollector(wiring.broker, wiring.tally))

    @operation("Figures for Prometheus", tag="Health", answers={200: None}, media_type="text/plain")
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send the figures to whom the settings let see them; to everybody else there is no such page."""
        if not _may_see(req, self.wiring.settings.metrics_access):
            raise ProblemError(code="not_found", detail="There is no such page.")
        resp.data = generate_latest(self._registry)
        resp.content_type = CONTENT_TYPE_LATEST
        resp.set_header("Cache-Control", "no-store")


def _may_see(req: falcon.Request, access: str) -> bool:
    if access != "loopback":
        return access == "all"
    # Behind a proxy everybody comes from the loopback address: what was forwarded is from elsewhere.
    if any(header in req.env for header in FORWARDING_HEADERS):
        return False
    address = req.env.get("REMOTE_ADDR") or ""
    try:
        return not address or ip_address(address).is_loopback
    except ValueError:
        return False
