"""The measures P1 to P12 and S, by name; each takes the rig and returns its results."""

from collections.abc import Callable

from bench.measures import waited
from bench.measures.memory import memory
from bench.measures.on_sale import sale_and_flood
from bench.measures.pipeline import contention, issuing, latency, purchasing
from bench.measures.reading import listing, long_line, polling, queue_view, seat_list
from bench.measures.sweeping import sweeps
from bench.measures.volume import volume
from bench.ratio import Result
from bench.rig import Rig

MEASURES: dict[str, Callable[[Rig], list[Result]]] = {
    "P1": issuing,
    "P2": purchasing,
    "P2W": waited.purchasing,
    "P3": polling,
    "P4": long_line,
    "P5": queue_view,
    "P6": seat_list,
    "P7": sweeps,
    "P8": contention,
    "P9": latency,
    "P9W": waited.latency,
    "P10": memory,
    "P11": volume,
    "P12": listing,
    "S": sale_and_flood,
}
