"""docs/state-machines.md and the tables in models/ say the same."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from pathlib import Path

import pytest

from models.payment import PAYMENT_MOVES, PaymentStatus
from models.queue_token import QUEUE_TOKEN_MOVES, QueueTokenStatus
from models.request import REQUEST_MOVES, RequestStatus
from models.reservation_status import RESERVATION_MOVES, ReservationStatus
from models.seat import SEAT_MOVES, SeatStatus

PAGE = Path(__file__).parents[3] / "docs" / "state-machines.md"
MACHINES: dict[str, tuple[type[StrEnum], Mapping[StrEnum, AbstractSet[StrEnum]], str]] = {
    "seat": (SeatStatus, SEAT_MOVES, "available"),
    "queue token": (QueueTokenStatus, QUEUE_TOKEN_MOVES, "waiting"),
    "reservation": (ReservationStatus, RESERVATION_MOVES, "held"),
    "payment": (PaymentStatus, PAYMENT_MOVES, "paid"),
    "request": (RequestStatus, REQUEST_MOVES, "queued"),
}


def section(machine: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    [found] = re.findall(rf"^## {machine}$\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    return str(found)


def moves_of(machine: str) -> set[tuple[str, str]]:
    _, table, _ = MACHINES[machine]
    return {(start.value, end.value) for start, ends in table.items() for end in ends}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_diagram_has_the_moves_of_the_table(machine: str) -> None:
    edges = set(re.findall(r"^    (\S+) --> (\S+)$", section(machine), re.MULTILINE))
    assert edges == moves_of(machine) | {("[*]", MACHINES[machine][2])}


@pytest.mark.parametrize("machine", MACHINES)
def test_each_move_is_told_in_words(machine: str) -> None:
    told = re.findall(r"^\| (\w+) → (\w+) \| \S", section(machine), re.MULTILINE)
    assert sorted(told) == sorted(moves_of(machine))


@pytest.mark.parametrize("machine", MACHINES)
def test_the_table_speaks_of_every_state(machine: str) -> None:
    states, table, _ = MACHINES[machine]
    assert set(table) == set(states)


def test_the_page_shows_these_machines_and_no_other() -> None:
    assert re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE) == list(MACHINES)
