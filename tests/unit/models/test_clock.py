"""The one clock: corrected by the database's, written as the contract shows it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from freezegun import freeze_time

from models import clock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_correction(monkeypatch):
    monkeypatch.setattr(clock, "_offset", timedelta(0))


def test_a_clock_two_minutes_off_tells_the_databases_time():
    with freeze_time(NOON):
        clock.correct_to(NOON + timedelta(minutes=2), NOON, NOON + timedelta(milliseconds=20))
        assert clock.utcnow() == NOON + timedelta(minutes=2) - timedelta(milliseconds=10)
        clock.correct_to(NOON - timedelta(minutes=2), NOON, NOON)
        assert clock.utcnow() == NOON - timedelta(minutes=2)


@pytest.mark.parametrize("off", [timedelta(milliseconds=49), timedelta(seconds=3)])
def test_what_is_within_the_error_of_the_question_is_no_correction(off):
    asked, answered = NOON, NOON + 2 * off
    assert clock.correct_to(NOON + off, asked, answered) == timedelta(0)


def test_a_slow_answer_takes_no_correction_back_that_it_does_not_contradict():
    off = timedelta(seconds=5)
    clock.correct_to(NOON + off, NOON, NOON)
    assert clock.correct_to(NOON + off + timedelta(seconds=3), NOON, NOON + timedelta(seconds=8)) == off
    assert clock.correct_to(NOON, NOON, NOON + timedelta(milliseconds=20)) == timedelta(0)


def test_times_are_written_in_utc_with_z():
    seoul = timezone(timedelta(hours=9))
    assert clock.to_rfc3339(datetime(2026, 11, 23, 21, 0, 0, 123456, tzinfo=seoul)) == "2026-11-23T12:00:00.123Z"
    assert clock.to_rfc3339(None) is None
