"""The measures P1 to P11 and S, by name; each takes the rig and returns its results."""

from collections.abc import Callable

from bench.measures.memory import memory
from bench.measures.on_sale import flooded, on_sale, selling
from bench.measures.pipeline import (
    contention,
    issuing,
    latency,
    latency_with_wait,
    purchasing,
    purchasing_with_wait,
)
from bench.measures.reading import long_line, polling, queue_view, seat_list
from bench.measures.sweeping import sweeps
from bench.measures.volume import volume
from bench.ratio import Result
from bench.rig import Rig

MEASURES: dict[str, Callable[[Rig], list[Result]]] = {
    "P1": issuing,
    "P2": purchasing,
    "P2W": purchasing_with_wait,
    "P3": polling,
    "P4": long_line,
    "P5": queue_view,
    "P6": seat_list,
    "P7": sweeps,
    "P8": contention,
    "P9": latency,
    "P9W": latency_with_wait,
    "P10": memory,
    "P11": volume,
    "S": on_sale,
}
# Parts of S that can be asked for alone.
PARTS: dict[str, Callable[[Rig], list[Result]]] = {"S1": selling, "S5": flooded}
