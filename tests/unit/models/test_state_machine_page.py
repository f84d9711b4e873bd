"""The page of state machines shows the tables in the code, no more and no less."""

import re
from pathlib import Path

import pytest

from models.payment import PAYMENT_MOVES
from models.queue_token import QUEUE_TOKEN_MOVES
from models.request import REQUEST_MOVES
from models.reservation import RESERVATION_MOVES
from models.seat import SEAT_MOVES

PAGE = Path(__file__).parents[3] / "docs" / "state-machines.md"
MACHINES = {
    "seat": SEAT_MOVES,
    "queue token": QUEUE_TOKEN_MOVES,
    "reservation": RESERVATION_MOVES,
    "payment": PAYMENT_MOVES,
    "request": REQUEST_MOVES,
}


def _drawn(name):
    _, *sections = re.split(r"^## +", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    [section] = [text for text in sections if text.partition("\n")[0].strip().lower() == name]
    return set(re.findall(r"^\s*(\w+) --> (\w+)", section, flags=re.MULTILINE))


@pytest.mark.parametrize("name", MACHINES)
def test_the_diagram_of_a_machine_shows_its_moves(name):
    moves = {(before.value, after.value) for before, afters in MACHINES[name].items() for after in afters}
    assert _drawn(name) == moves
