"""Metrics for Prometheus: read from the database at each scrape, since no process knows the whole."""

import os
from collections.abc import Iterator
from ipaddress import ip_address

import falcon
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.operation import operation
from api.problems import ProblemError
from api.request_frame import answers
from api.wiring import Resource, Wiring
from models import clock, figures
from models.database import read_session

FORWARDING_HEADERS = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")


class ServiceCollector(Collector):
    """Asks the database for the figures of the whole service when it is scraped."""

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        with read_session():
            found = figures.of_service(clock.utcnow())
        for name, (text, label, values) in found.items():
            gauge = GaugeMetricFamily(f"frontrow_{name}", text, labels=label)
            for key, value in values.items():
                gauge.add_metric(key, value)
            yield gauge
        # Each process counts its own answers; the label keeps the series of two processes apart.
        counter = CounterMetricFamily("frontrow_http_answers", "HTTP answers of a process.", labels=["pid", "status"])
        for status, count in sorted(answers.items()):
            counter.add_metric([str(os.getpid()), status], count)
        yield counter


class Metrics(Resource):
    """`/metrics`."""

    def __init__(self, wiring: Wiring) -> None:
        """Register the collector with a registry of this application's own."""
        super().__init__(wiring)
        self._registry = CollectorRegistry()
        self._registry.register(ServiceCollector())

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
