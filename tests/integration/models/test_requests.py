"""The request row: accepted once, claimed, finished once, purged."""

import threading
from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import psycopg2
import pytest
from pony.orm import OptimisticCheckError

from tests.waiting import wait_for

LEASE = timedelta(seconds=5)


@pytest.fixture
def claim():
    from models import clock
    from models.database import read_session
    from models.request import Request

    def take(operation="points.charge", *, limit=100):
        with read_session():
            return Request.claim(operation, now=clock.utcnow(), lease=LEASE, limit=limit)

    return take


@pytest.mark.usefixtures("time")
def test_an_accepted_request_waits_in_its_row_for_its_owner_alone(sale):
    from models.database import read_session
    from models.request import Reader, Request

    accepted = sale.accept("points.charge", "a", amount=5)
    task = sale.task(accepted.id, "a")
    assert (task["status"], task["finished_at"], task["result"], task["problem"]) == ("queued", None, None, None)
    with read_session():
        assert Request.tasks([(accepted.id, Reader("b")), (uuid4(), Reader("a"))]) == [(None, None)] * 2


@pytest.mark.usefixtures("time")
def test_the_same_key_and_body_is_the_same_request_before_and_after_its_outcome(sale):
    first = sale.accept("points.charge", "a", key="k", amount=5)
    again = sale.accept("points.charge", "a", key="k", amount=5)
    sale.drain("points.charge")
    later = sale.accept("points.charge", "a", key="k", amount=5)
    sale.drain("points.charge")
    assert (first.replayed, again.replayed, later.replayed) == (False, True, True)
    assert {again.id, later.id} == {first.id}
    assert again.submitted_at == first.submitted_at
    assert sale.balance("a") == 5


@pytest.mark.usefixtures("time")
def test_the_same_key_with_another_body_is_refused(sale):
    from models.errors import IdempotencyKeyReusedError

    sale.accept("points.charge", "a", key="k", body="one", amount=5)
    with pytest.raises(IdempotencyKeyReusedError):
        sale.accept("points.charge", "a", key="k", body="other", amount=6)
    assert sale.drain("points.charge") == 1


@pytest.mark.usefixtures("time")
def test_a_key_belongs_to_one_user_and_one_operation(sale):
    accepted = [sale.accept("points.charge", user, key="k", amount=5) for user in ("a", "b")]
    accepted.append(sale.accept("queue_token.issue", "a", key="k", concert_id=1))
    assert len({request.id for request in accepted}) == 3
    assert not any(request.replayed for request in accepted)


@pytest.mark.usefixtures("time")
def test_without_a_key_the_same_body_is_a_second_request(sale):
    assert sale.accept("points.charge", "a", amount=5).id != sale.accept("points.charge", "a", amount=5).id


def test_an_insert_that_arrives_after_the_client_has_given_up_does_nothing(sale, monkeypatch):
    from models import clock
    from models.database import DatabaseUnavailableError
    from models.request import records

    monkeypatch.setattr(records, "give_up_at", lambda: clock.utcnow() - timedelta(milliseconds=1))
    with pytest.raises(DatabaseUnavailableError):
        sale.accept("points.charge", "a", key="k", amount=5)
    assert sale.one("SELECT count(*) FROM request") == 0
    monkeypatch.undo()
    assert not sale.accept("points.charge", "a", key="k", amount=5).replayed


def test_of_those_written_together_only_who_still_waits_is_accepted(sale):
    from models import clock
    from models.database import read_session
    from models.request import Request, Submission

    waits, gone = (
        Submission.of("points.charge", user, {"amount": 1}, key=None, fingerprint=None, at=clock.utcnow())
        for user in ("waits", "gone")
    )
    gone = gone._replace(until=clock.utcnow() - timedelta(milliseconds=1))
    with read_session():
        assert Request.write_down([gone, waits]) == [False, True]
    assert sale.sql("SELECT user_id FROM request") == [("waits",)]


@pytest.mark.usefixtures("time")
def test_a_claim_takes_the_oldest_and_no_more_than_it_may(sale, claim):
    # Statistics that call the table tiny once made PostgreSQL take all of them.
    sale.sql("ANALYZE request")
    ids = [sale.accept("points.charge", "a", amount=1).id for _ in range(5)]
    assert [claimed.order.request_id for claimed in claim(limit=2)] == ids[:2]
    assert [claimed.attempts for claimed in claim(limit=9)] == [1, 1, 1]
    assert claim() == []


@pytest.mark.usefixtures("time")
def test_a_claimed_request_comes_back_alone_when_its_lease_is_over(sale, claim, time):
    sale.sql("ANALYZE request")
    for _ in range(3):
        sale.accept("points.charge", "a", amount=1)
    assert len(claim()) == 3
    assert claim() == []
    time.tick(LEASE)
    assert [claimed.attempts for claimed in claim()] == [2]
    assert sale.one("SELECT count(*) FROM request WHERE attempts = 2") == 1


@pytest.mark.usefixtures("time")
def test_a_claim_takes_one_that_comes_back_along_with_the_fresh(sale, claim, time):
    old = [sale.accept("points.charge", "a", amount=1).id for _ in range(2)]
    assert len(claim()) == 2
    time.tick(LEASE)
    fresh = [sale.accept("points.charge", "a", amount=1).id for _ in range(3)]
    assert [(claimed.order.request_id, claimed.attempts) for claimed in claim(limit=2)] == [
        (old[0], 2),
        (fresh[0], 1),
        (fresh[1], 1),
    ]


# The product's, but that it begins and then goes on when it is told.
_SLOW_CLAIM = """
    UPDATE request SET attempts = attempts + 1
     WHERE id = ANY(ARRAY(SELECT request.id FROM (SELECT pg_advisory_xact_lock(7)) AS told, request
                           WHERE status = 'queued' AND attempts = 0
                           ORDER BY submitted_at LIMIT 1 FOR UPDATE OF request SKIP LOCKED))
    RETURNING id
"""


@pytest.mark.usefixtures("time")
def test_control_a_claim_that_comes_too_late_locks_what_it_finds_taken(sale, claim):
    from models import connection

    sale.accept("points.charge", "a", amount=1)
    with (
        closing(psycopg2.connect(connection._target["dsn"])) as rival,
        closing(psycopg2.connect(connection._target["dsn"])) as watcher,
        watcher.cursor() as cursor,
    ):
        watcher.autocommit = True
        cursor.execute("SELECT pg_advisory_lock(7)")
        late = rival.cursor()
        begun = threading.Thread(target=late.execute, args=(_SLOW_CLAIM,))
        begun.start()
        wait_for(lambda: sale.one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))
        assert len(claim()) == 1
        cursor.execute("SELECT pg_advisory_unlock(7)")
        begun.join()
        assert late.fetchall() == []
        cursor.execute("SELECT id FROM request FOR UPDATE SKIP LOCKED")
        assert cursor.fetchall() == []
        rival.rollback()
        cursor.execute("SELECT id FROM request FOR UPDATE SKIP LOCKED")
        assert len(cursor.fetchall()) == 1


@pytest.fixture
def anothers_claim(sale):
    """Lock a request as a claim does that finds it taken; return what ends the claim."""
    from models import connection

    with closing(psycopg2.connect(connection._target["dsn"])) as rival:

        def lock(request_id):
            rival.cursor().execute("SELECT FROM request WHERE id = %s FOR UPDATE", [str(request_id)])
            return rival.rollback

        yield lock


@pytest.mark.usefixtures("time")
@pytest.mark.parametrize(("passes", "pauses"), [(True, 2), (False, 3)])
def test_a_request_that_anothers_claim_passes_over_is_not_left_to_it(
    sale, claim, anothers_claim, monkeypatch, passes, pauses
):
    """Two workers who left a request to each other would leave it for as long as its lease."""
    import models.request
    from models.database import write_session

    ids, paused = [sale.accept("points.charge", "a", amount=1).id for _ in range(2)], []
    claim()
    end_the_claim = anothers_claim(ids[0])

    def let_pass(seconds):
        paused.append(seconds)
        if passes and len(paused) == pauses:
            end_the_claim()

    monkeypatch.setattr(models.request, "_let_pass", let_pass)
    with write_session():
        locked = models.request.Request.lock_queued(ids)
    assert locked == set(ids if passes else ids[1:])
    assert len(paused) == pauses


@pytest.mark.usefixtures("time")
def test_an_outcome_is_written_once(sale, claim):
    from models import clock
    from models.database import write_session
    from models.request import Outcome, Request, RequestStatus

    request_id = sale.accept("points.charge", "a", amount=1).id

    def finish(status, body):
        with write_session():
            Request.finish([Outcome(request_id, status, body)], clock.utcnow())

    finish(RequestStatus.DONE, {"first": True})
    with pytest.raises(OptimisticCheckError, match="request"):
        finish(RequestStatus.FAILED, {"code": "internal_error"})
    assert sale.task(request_id, "a")["result"] == {"first": True}


@pytest.mark.usefixtures("time")
def test_the_purge_takes_old_outcomes_and_never_what_waits(sale, time, monkeypatch):
    from workers import sweeps

    monkeypatch.setattr(sweeps, "PURGED_TOGETHER", 2)
    sale.sql("ANALYZE request")
    waiting = sale.accept("points.charge", "a", amount=1)
    for _ in range(5):
        sale.accept("queue_token.issue", "a", concert_id=9)
    sale.drain("queue_token.issue")
    time.tick(timedelta(hours=24) - timedelta(seconds=1))
    assert sale.sweep("request.purge") == 0
    time.tick(timedelta(seconds=1, milliseconds=1))
    kept = sale.accept("queue_token.issue", "b", key="k", concert_id=9)
    sale.drain("queue_token.issue")
    assert sale.sweep("request.purge") == 5
    assert {id_ for (id_,) in sale.sql("SELECT id FROM request")} == {waiting.id, kept.id}


@pytest.mark.usefixtures("time")
def test_the_redelivery_wakes_each_operation_that_has_waited(sale, time, monkeypatch):
    from workers import sweeps, wake_up

    woken = []
    monkeypatch.setattr(wake_up, "wake", lambda task, *_, **__: woken.append(task.name) or True)
    sale.accept("points.charge", "a", amount=1)
    sale.accept("points.charge", "a", amount=1)
    sale.accept("queue_token.issue", "a", concert_id=1)
    sale.accept("an.operation_of_the_past", "a")
    assert (sweeps.redeliver.tidy(), woken) == (0, [])
    time.tick(timedelta(seconds=2))
    assert sweeps.redeliver.tidy() == 2
    assert sorted(woken) == ["points.charge", "queue_token.issue"]
