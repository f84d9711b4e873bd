"""What one flush changes is sent at once, and is what Pony would have sent row by row."""

from uuid import uuid4

import pytest
from pony.orm import core, flush

from models import saving
from models.database import change, constraint, write_session

STRANGE = "100% %s %(name)s 'quoted' \"twice\" back\\slash $name ; -- \n 콘서트 🎟"


@pytest.fixture
def sent(monkeypatch):
    """The statements that flushes send."""
    found = []

    def send(database, sql, arguments=None, *given, **options):
        found.append(sql)
        return original(database, sql, arguments, *given, **options)

    original = saving._pony_exec_sql
    monkeypatch.setattr(saving, "_pony_exec_sql", send)
    return found


@pytest.mark.usefixtures("time")
def test_texts_arrive_as_they_are(sale):
    show = sale.show()
    user = STRANGE.replace("\n", "")[:60]
    sale.done("points.charge", user, amount=5)
    assert sale.balance(user) == 5
    token_id = sale.inside(show, user)
    sale.hold(show, user, token_id, 0)
    assert sale.one("SELECT user_id FROM reservation") == user


def test_a_concert_may_be_called_anything(sale):
    from models import clock
    from models.concert import Concert

    with write_session():
        made = Concert.create(
            title=STRANGE, venue=STRANGE, queue={}, performances=[], now=clock.utcnow(), policy=sale.policy
        )
    assert (made["title"], made["venue"]) == (STRANGE, STRANGE)


@pytest.mark.usefixtures("time")
def test_what_one_flush_changes_is_one_statement(sale, sent):
    from models.points import PointAccount, PointEntry

    for user in "abc":
        sale.done("points.charge", user, amount=5)
    with write_session():
        accounts = [PointAccount.locked(user) for user in "abc"]
        sent.clear()
        for account in accounts:
            account.balance += 1
        flush()
        assert len(sent) == 1
        assert len(PointEntry.select(lambda entry: entry.amount == 5)[:]) == 3
    assert [sale.balance(user) for user in "abc"] == [6, 6, 6]


@pytest.mark.usefixtures("time")
def test_a_row_that_somebody_changed_meanwhile_saves_none_of_them(sale):
    from models.points import PointAccount

    for user in "ab":
        sale.done("points.charge", user, amount=5)

    def add_to_both():
        with write_session():
            accounts = [PointAccount[user] for user in "ab"]
            for account in accounts:
                account.balance += 1
            with core.local.db2cache[PointAccount._database_].flush_disabled():
                # It stands for a rival who committed in between: Pony does not know of it.
                change("UPDATE point_account SET balance = 50 WHERE user_id = 'b'")

    with pytest.raises(core.OptimisticCheckError):
        add_to_both()
    assert [sale.balance(user) for user in "ab"] == [5, 5]


@pytest.mark.usefixtures("time")
def test_a_constraint_violated_is_named(sale):
    from models import clock
    from models.points import PointAccount

    sale.done("points.charge", "a", amount=5)
    request_id = uuid4()

    def enter_twice():
        with write_session():
            account = PointAccount.locked("a")
            for _ in range(2):
                account.refund(1, payment_id=1, request_id=request_id, now=clock.utcnow())

    with pytest.raises(core.DBException) as violated:
        enter_twice()
    assert constraint(violated.value) == "one_entry_per_request"
    assert sale.balance("a") == 5


@pytest.mark.usefixtures("time")
def test_there_is_no_limit_to_what_one_flush_changes(sale):
    from models.points import PointAccount

    sale.sql("INSERT INTO point_account SELECT 'user-' || i, 0 FROM generate_series(1, 2000) i")
    with write_session():
        for account in PointAccount.select()[:]:
            account.balance += 1
    assert sale.one("SELECT sum(balance) FROM point_account") == 2000
