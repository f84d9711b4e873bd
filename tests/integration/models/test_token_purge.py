"""Ended tokens: purged when nobody may read them any more, unless something was held with them."""

from datetime import timedelta

from models import clock, statistics
from models.database import read_session

HOUR = timedelta(hours=1)


def _ended(show):
    with read_session():
        found = statistics.of_concert(show.concert_id, clock.utcnow())
    return {name: count for name, count in found.items() if name in {"left", "completed", "expired"}}


def test_what_ended_and_held_nothing_is_purged_and_still_counted(sale, time):
    show = sale.show(seats=4, capacity=3)
    sale.bought(show, "ann", 0)
    tokens = sale.join_all(show, ["bob", "cat", "dan", "eve"])
    sale.promote()
    sale.hold(show, "bob", tokens["bob"], 1)
    for fan in ("bob", "cat"):
        sale.done("queue_token.leave", fan, queue_token_id=tokens[fan])
    time.tick(sale.policy.retention + HOUR - timedelta(seconds=1))
    sale.sweep("queue_token.expire_due")
    sale.sweep("request.purge")
    ended = _ended(show)
    assert ended == {"left": 2, "completed": 1, "expired": 2}
    assert sale.sweep("queue_token.purge") == 0
    time.tick(timedelta(seconds=2))
    # Cat held nothing; Bob did, and Ann bought.
    assert sale.sweep("queue_token.purge") == 1
    assert _ended(show) == ended
    time.tick(sale.policy.retention + HOUR)
    assert sale.sweep("queue_token.purge") == 2
    assert {fan for (fan,) in sale.sql("SELECT user_id FROM queue_token")} == {"ann", "bob"}
    assert _ended(show) == ended
    assert not any(sale.violations().values())
