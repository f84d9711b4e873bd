"""A scrape: figures of the database, the broker's queues and workers, and what all processes counted.

Every figure is of the whole service and comes from the database or the broker at that moment. A server
that is away is itself a figure; what only it knows is left out then.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import accumulate

import redis
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from api.request_frame import HTTP_BUSY, HTTP_REQUESTS, HTTP_SECONDS
from models import clock, figures
from models.database import DatabaseUnavailableError, patience, read_session
from models.request import RequestStatus
from workers import tell
from workers.backlog import lengths
from workers.broker import Broker
from workers.domain_task import operations
from workers.presence import present
from workers.queues import BrokerQueue
from workers.tally import Field, Histogram, Tally, totals

PREFIX = "frontrow"
PATIENCE = timedelta(seconds=2)
COUNTERS = {
    HTTP_REQUESTS: ("HTTP requests answered.", ("method", "route", "status")),
    HTTP_BUSY: ("HTTP requests refused at once because the service was over its means.", ("method",)),
    tell.FINISHED: ("Accepted requests that got their outcome.", ("operation", "status", "code")),
}
HISTOGRAMS = (
    (HTTP_SECONDS, "Time to answer an HTTP request.", ("method", "route")),
    (tell.SECONDS, "Time from accepted to outcome.", ("operation",)),
)


class ServiceCollector(Collector):
    """Asks database and broker when it is scraped."""

    def __init__(self, broker: Broker, tally: Tally) -> None:
        """Take the broker, and what this process counted but has not handed over yet."""
        self._broker, self._tally = broker, tally

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from _of_database()
        yield from self._of_broker()

    def _of_broker(self) -> Iterator[Metric]:
        try:
            self._tally.flush()
            workers, waiting, counted = present(self._broker), lengths(self._broker), totals(self._broker)
        except redis.RedisError:
            yield GaugeMetricFamily(f"{PREFIX}_broker_up", "Whether the broker answers.", 0)
            return
        yield GaugeMetricFamily(f"{PREFIX}_broker_up", "Whether the broker answers.", 1)
        live = {queue.value: workers.get(queue.value, 0) for queue in BrokerQueue}
        yield _by_queue("workers", "Live workers.", live)
        yield _by_queue("broker_queue_length", "Messages that no worker has taken yet.", waiting)
        yield from _counters(counted)
        yield from _histograms(counted)


def _of_database() -> Iterator[Metric]:
    try:
        with patience(PATIENCE), read_session():
            found = figures.of_service(clock.utcnow())
    except DatabaseUnavailableError:
        yield GaugeMetricFamily(f"{PREFIX}_database_up", "Whether the database answers.", 0)
        return
    yield GaugeMetricFamily(f"{PREFIX}_database_up", "Whether the database answers.", 1)
    for name, (figure, values) in found.items():
        family = _counter if figure.only_grows else _gauge
        yield family(name, figure.text, figure.labels, values)


def _gauge(name: str, text: str, labels: tuple[str, ...], values: Mapping[Field, float]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def _by_queue(name: str, text: str, found: Mapping[str, int]) -> Metric:
    return _gauge(name, text, ("queue",), {(queue,): float(value) for queue, value in found.items()})


def _counter(name: str, text: str, labels: tuple[str, ...], values: Mapping[Field, float]) -> Metric:
    family = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def _counters(counted: Mapping[Field, float]) -> Iterator[Metric]:
    # A series that begins with its first fault shows no increase: it must have been there before.
    found: dict[Field, float] = {
        (tell.FINISHED, name, RequestStatus.FAILED.value, "internal_error"): 0.0 for name in operations()
    }
    found |= {(HTTP_BUSY, method): 0.0 for method in ("GET", "POST")}
    found.update(counted)
    for name, (text, labels) in COUNTERS.items():
        of_name = {key[1:]: value for key, value in found.items() if key[0] == name and len(key) == len(labels) + 1}
        yield _counter(name, text, labels, of_name)


def _histograms(counted: Mapping[Field, float]) -> Iterator[Metric]:
    for histogram, text, labels in HISTOGRAMS:
        family = HistogramMetricFamily(f"{PREFIX}_{histogram.name}", text, labels=labels)
        for key, (buckets, total) in sorted(_series(histogram, len(labels), counted).items()):
            family.add_metric(key, buckets, total)
        yield family


def _series(
    histogram: Histogram, width: int, counted: Mapping[Field, float]
) -> dict[Field, tuple[list[tuple[str, float]], float]]:
    """Return the cumulative buckets and the sum of each series, by its labels."""
    marks: defaultdict[Field, dict[str, float]] = defaultdict(dict)
    for (name, *labels), value in counted.items():
        if name == histogram.name and len(labels) == width + 1 and labels[0] in histogram.marks:
            marks[tuple(labels[1:])][labels[0]] = value
    return {
        key: (
            list(zip(histogram.marks, accumulate(found.get(mark, 0.0) for mark in histogram.marks), strict=True)),
            counted.get((histogram.sum, *key), 0.0),
        )
        for key, found in marks.items()
    }
