"""The whole service under thirty faults: nothing lost, nothing twice. `make faults` makes it hundreds."""

from pathlib import Path

import pytest

from tests.faults.run import run

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1200)]

FAULTS = 30
SEED = 30


def test_thirty_faults_break_no_promise(tmp_path: Path) -> None:
    result = run(tmp_path / "stack", faults=FAULTS, seed=SEED)
    assert result.violations == []
    assert result.figures["faults"] == FAULTS
    # A run in which nothing happened to anybody would prove nothing.
    assert result.figures["payments"] > 50
    assert result.figures["outcomes with the answer"] > 100
    assert result.figures["samples of every invariant"] > 10
