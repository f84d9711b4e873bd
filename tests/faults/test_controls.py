"""The rig can fail: the same scenes come out clean with every guard, and are reported when a guard is left away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import scenes, witness
from tests.faults.book import Book
from tests.faults.stack import Stack
from tests.faults.verdict import judge

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

WITHOUT = "redelivery commit-before-202 one-outcome capacity announcements end-of-wait hang-ups"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Book]]:
    """The product as it is."""
    with Stack(tmp_path_factory.mktemp("guarded")) as stack:
        witness.install(stack)
        yield stack, Book()


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Book]]:
    """The product without its guards, also without the index that stands behind them."""
    with Stack(tmp_path_factory.mktemp("unguarded"), inside={"FAULTS_WITHOUT": WITHOUT}) as stack:
        witness.install(stack)
        with witness.connected(stack) as cursor:
            cursor.execute("ALTER TABLE point_entry DROP CONSTRAINT one_entry_per_request")
        yield stack, Book()


@pytest.fixture
def untold(tmp_path: Path) -> Iterator[tuple[Stack, Book]]:
    """The product whose workers announce no outcome."""
    with Stack(tmp_path / "untold", inside={"FAULTS_WITHOUT": "announcements"}) as stack:
        witness.install(stack)
        yield stack, Book()


def _reported(stack: Stack, book: Book, seconds: float) -> str:
    return "\n".join(judge(stack, book, seconds))


def test_every_guard_in_its_place_and_nothing_is_reported(guarded: tuple[Stack, Book]) -> None:
    stack, book = guarded
    assert scenes.charges_waited_for(stack, book) == []
    assert _without_waiting_in_vain(book) > 0
    scenes.crowd_at_the_door(stack, book)
    scenes.carried_out_by_two(stack, book)
    statuses = scenes.database_dies(stack, book)
    stack.wait_until_ready(30)
    scenes.message_lost(stack, book)
    assert _reported(stack, book, 30.0) == ""
    assert statuses == [503, 503]


def _without_waiting_in_vain(book: Book) -> int:
    """Return how many got their outcome with the answer before the wait they preferred was over."""
    return sum(seconds < 1.0 for seconds in book.waited_out)


def test_without_announcements_those_who_wait_are_told_at_the_end_of_their_wait(untold: tuple[Stack, Book]) -> None:
    stack, book = untold
    assert scenes.charges_waited_for(stack, book) == []
    assert _reported(stack, book, 10.0) == ""
    assert len(book.waited_out) > 0
    # But for some of a process that lost the broker for a moment: it looks once when it listens again.
    assert _without_waiting_in_vain(book) <= len(book.waited_out) / 4


def test_those_who_are_left_waiting_are_seen(unguarded: tuple[Stack, Book]) -> None:
    stack, book = unguarded
    reported = "\n".join(scenes.charges_waited_for(stack, book))
    assert "points.charge with wait=1 was answered after" in reported
    assert "requests were left parked 11 s after everybody had gone" in reported


def test_capacity_passed_is_seen(unguarded: tuple[Stack, Book]) -> None:
    stack, book = unguarded
    scenes.crowd_at_the_door(stack, book, until_admitted=3)
    reported = _reported(stack, book, 5.0)
    assert "inside, capacity 2" in reported
    assert "active tokens within capacity" in reported


def test_an_effect_and_an_outcome_written_twice_are_seen(unguarded: tuple[Stack, Book]) -> None:
    stack, book = unguarded
    scenes.carried_out_by_two(stack, book)
    reported = _reported(stack, book, 10.0)
    assert "had the outcome done and was given" in reported
    assert "one effect per request" in reported
    assert "points came in" in reported


def test_an_answer_before_the_commit_is_seen(unguarded: tuple[Stack, Book]) -> None:
    stack, book = unguarded
    statuses = scenes.database_dies(stack, book)
    stack.wait_until_ready(30)
    assert 202 in statuses
    assert "was promised and is lost" in _reported(stack, book, 5.0)


def test_a_lost_message_that_nobody_publishes_again_is_seen(unguarded: tuple[Stack, Book]) -> None:
    stack, book = unguarded
    scenes.message_lost(stack, book)
    assert "was promised and has no outcome" in _reported(stack, book, 10.0)
