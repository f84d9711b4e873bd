"""What `frontrow up` makes of its options."""

from pathlib import Path

import pytest

from cli.up import Options


@pytest.mark.parametrize(
    ("host", "demo", "expected"),
    [
        ("127.0.0.1", True, False),
        ("localhost", True, False),
        ("::1", True, False),
        ("0.0.0.0", True, True),
        ("::", True, True),
        ("192.0.2.7", True, True),
        ("0.0.0.0", False, False),
    ],
)
def test_a_demo_that_other_machines_reach_is_open_to_strangers(host: str, *, demo: bool, expected: bool) -> None:
    assert Options(host, 8000, Path(), demo=demo).is_open_to_strangers is expected
