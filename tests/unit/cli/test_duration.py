"""Durations as people write them."""

import click
import pytest

from cli.duration import DURATION


@pytest.mark.parametrize(("written", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("1h", 3600), ("2d", 172_800)])
def test_a_number_and_its_unit(written: str, seconds: float) -> None:
    assert DURATION.convert(written, None, None) == seconds


@pytest.mark.parametrize("written", ["", "0", "-1s", "1 h", "1w", "h", "1e3", "∞"])
def test_what_is_no_duration_is_refused(written: str) -> None:
    with pytest.raises(click.UsageError, match="is no duration"):
        DURATION.convert(written, None, None)
