"""Durations as people write them on a command line: 90s, 30m, 12h, 7d, or seconds alone."""

import re
from typing import Any

import click

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_WRITTEN = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>[smhd]?)")


class Duration(click.ParamType[float]):
    """Converts to seconds, always more than none."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds; fails with a usage error."""
        match = _WRITTEN.fullmatch(str(value))
        seconds = float(match["number"]) * SECONDS[match["unit"]] if match else 0.0
        if seconds <= 0:
            self.fail(f"{value!r} is no duration; write 90s, 30m or 12h.", param, ctx)
        return seconds


DURATION = Duration()
