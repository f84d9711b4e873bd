"""What every test of the API's parts starts from."""

import pytest

from api import key_set

# Longer than all tests together.
FOR_EVER = 36_000.0


@pytest.fixture(autouse=True)
def _nobody_tries_again_beside_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the thread of a key set that could not be read sleep on: its warnings would stand in others' output."""
    monkeypatch.setattr(key_set, "RETRY_SECONDS", FOR_EVER)
    monkeypatch.setattr(key_set, "FIRST_RETRY_SECONDS", FOR_EVER)
