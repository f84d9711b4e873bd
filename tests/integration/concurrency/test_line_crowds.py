"""The line under a crowd: joining, leaving, being let in and running out of time all at once."""

import random
import threading
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest

from tests.fixtures.parallel import in_parallel


def test_one_user_who_joins_fifty_times_at_once_has_one_place(sale):
    show = sale.show()

    def join():
        return [sale.accept("queue_token.issue", "a", concert_id=show.concert_id).id for _ in range(10)]

    sent = in_parallel(*[join] * 5, *[lambda: sale.drain("queue_token.issue")] * 3)[:5]
    in_parallel(*[lambda: sale.drain("queue_token.issue")] * 4)
    tokens = {sale.task(id_, "a")["result"]["id"] for ids in sent for id_ in ids}
    assert len(tokens) == 1
    assert sale.one("SELECT count(*) FROM queue_token") == 1
    assert (sale.line(show).waiting, sale.line(show).issued) == (1, 1)


class Watcher(threading.Thread):
    """Looks at a line from outside as often as it can, and keeps the most that were ever inside."""

    def __init__(self, url, concert_id):
        super().__init__()
        self._url, self._concert_id, self.over = url, concert_id, threading.Event()
        self.most, self.looks, self.out_of_order = 0, 0, 0

    def run(self):
        with closing(psycopg2.connect(self._url)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            while not self.over.is_set():
                cursor.execute(
                    """SELECT count(*) FILTER (WHERE status = 'active'),
                              coalesce(min(place) FILTER (WHERE status = 'waiting'), 1000000)
                            < coalesce(max(place) FILTER (WHERE admitted_at IS NOT NULL), 0)
                         FROM queue_token WHERE concert_id = %s""",
                    (self._concert_id,),
                )
                inside, overtaken = cursor.fetchone()
                self.most, self.looks = max(self.most, inside), self.looks + 1
                self.out_of_order += overtaken


@pytest.fixture
def fast_policy(sale, monkeypatch):
    """Seconds become hundredths: tokens and unused admissions run out while the test runs."""
    from dataclasses import replace

    from workers import queue_tokens

    policy = replace(sale.policy, active_token=timedelta(seconds=0.3), unused_admission=timedelta(seconds=0.1))

    class Settings:
        pass

    Settings.policy = policy
    monkeypatch.setattr(queue_tokens, "settings", Settings)
    return policy


def test_promotion_leaving_and_expiry_never_pass_the_capacity_at_any_instant(sale, fast_policy):
    from models import connection
    from models.database import is_contention

    capacity, fans = 5, [f"fan-{number}" for number in range(150)]
    show = sale.show(capacity=capacity)
    tokens = sale.join_all(show, fans)
    watcher = Watcher(connection._target["dsn"], show.concert_id)
    watcher.start()
    shuffled = random.Random(7).sample(fans, 60)

    def leave():
        for fan in shuffled[:30]:
            sale.do("queue_token.leave", fan, queue_token_id=tokens[fan])

    def come_again():
        for fan in shuffled[30:]:
            sale.do("queue_token.issue", fan, concert_id=show.concert_id)

    def sweep(name):
        def run():
            for _ in range(40):
                try:
                    sale.sweep(name)
                except Exception as error:
                    if not is_contention(error):
                        raise

        return run

    promote = sweep("queue_token.promote_waiting")
    try:
        in_parallel(leave, come_again, promote, promote, sweep("queue_token.expire_due"))
    finally:
        watcher.over.set()
        watcher.join()
    assert (watcher.most, watcher.out_of_order) == (capacity, 0)
    assert watcher.looks > 20
    assert sale.violations() == {}
    assert sale.one("SELECT count(*) FROM request WHERE status NOT IN ('done', 'refused')") == 0
