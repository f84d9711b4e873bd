"""Who comes too often is told when to come again; who does as he is told never notices."""

from collections.abc import Callable, Iterator
from typing import Any

import falcon
import falcon.testing
import pytest
from pydantic import SecretStr

from api.problems import ProblemError
from api.rate_limits import UNCOUNTED, RateLimits, address_of
from settings import Settings
from workers.broker import Broker

Limits = Callable[..., RateLimits]


@pytest.fixture
def limits(valkey_url: str) -> Iterator[Limits]:
    made: list[Broker] = []

    def make(url: str = valkey_url, **rates: object) -> RateLimits:
        made.append(Broker(url, 0.5))
        return RateLimits(Settings(demo=True, secret=SecretStr("x" * 40), **rates), made[-1])

    yield make
    for broker in made:
        broker.client.close()


def _let_through(check: Callable[[], None], times: int) -> int:
    """Return how many of `times` checks passed before one was refused."""
    for passed in range(times):
        try:
            check()
        except ProblemError:
            return passed
    return times


def test_a_user_over_his_rate_is_refused_with_the_time_to_come_again(limits: Limits) -> None:
    limited = limits(rate_limit_per_user="10/hour")
    passed = _let_through(lambda: limited.check_caller("kim", None), 200)
    assert 10 <= passed <= 10 + 4 * UNCOUNTED  # A second or more may turn while it counts.
    with pytest.raises(ProblemError) as refused:
        [limited.check_caller("kim", None) for _ in range(2 * UNCOUNTED + 1)]
    assert refused.value.code == "rate_limited"
    assert 0 < int(refused.value.headers["Retry-After"]) <= 3600
    assert refused.value.headers["RateLimit-Policy"] == '"user";q=10;w=3600'
    assert refused.value.headers["RateLimit"].startswith('"user";r=0;t=')


def test_processes_share_the_count_and_users_do_not(limits: Limits) -> None:
    one, other = limits(rate_limit_per_user="10/hour"), limits(rate_limit_per_user="10/hour")
    _let_through(lambda: one.check_caller("kim", None), 200)
    assert _let_through(lambda: other.check_caller("kim", None), 200) <= 3 * UNCOUNTED
    assert _let_through(lambda: other.check_caller("lee", None), UNCOUNTED + 5) == UNCOUNTED + 5


def test_a_token_is_limited_on_its_own(limits: Limits) -> None:
    limited = limits(rate_limit_per_token="10/hour", rate_limit_per_user="")
    assert _let_through(lambda: limited.check_caller("kim", 7), 200) < 200
    assert _let_through(lambda: limited.check_caller("kim", None), 200) == 200


def test_a_user_is_counted_whichever_token_they_show(limits: Limits) -> None:
    """A token that is left stays readable, so each one would bring a fresh limit."""
    limited = limits(rate_limit_per_user="10/hour")
    tokens = iter(range(200))
    assert _let_through(lambda: limited.check_caller("kim", next(tokens)), 200) <= 10 + 4 * UNCOUNTED
    assert _let_through(lambda: limited.check_caller("kim", None), 20) <= 2 * UNCOUNTED


def test_a_caller_is_looked_up_once_under_both_names(limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    limited, asked = limits(), []
    count = limited._count
    monkeypatch.setattr(limited, "_count", lambda keys, windows: asked.append(keys) or count(keys, windows))
    for _ in range(3 * UNCOUNTED):
        limited.check_caller("kim", 7)
    assert UNCOUNTED <= len(asked) <= 2 * UNCOUNTED  # A second may turn while it counts.
    assert all([key.split("/")[2:4] for key in keys] == [["user", "kim"], ["token", "7"]] for keys in asked)


@pytest.mark.parametrize("spoil", [["set", "x"], ["set", "7"], ["lpush", "x"]])
def test_a_count_that_is_none_or_has_no_end_is_begun_anew(limits: Limits, spoil: list[str]) -> None:
    limited = limits(rate_limit_per_user="10/hour")
    [limited.check_caller("lena", None) for _ in range(UNCOUNTED + 1)]
    [key] = limited._broker.client.keys("LIMITS*lena*")
    limited._broker.client.delete(key)
    getattr(limited._broker.client, spoil[0])(key, spoil[1])
    _let_through(lambda: limited.check_caller("lena", None), 2 * UNCOUNTED)
    assert 0 < limited._broker.client.ttl(key) <= 3600
    assert not limited._broker.is_silent


def test_polling_as_advised_asks_no_server(limits: Limits) -> None:
    """Not even a limit of one an hour is reached: a poll is not counted beyond its own process."""
    limited = limits(rate_limit_per_token="1/hour")
    assert _let_through(lambda: limited.check_caller("kim", 7), UNCOUNTED) == UNCOUNTED
    assert not limited._broker.client.keys("LIMITS*")


def test_when_the_counting_server_is_away_everybody_is_let_through(limits: Limits) -> None:
    limited = limits("redis+socket:///nonexistent/valkey.sock", rate_limit_per_user="1/hour")
    assert _let_through(lambda: limited.check_caller("kim", None), 100) == 100


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (0, "6.6.6.6", "127.0.0.1"),
        (1, "6.6.6.6, 10.0.0.7", "10.0.0.7"),
        (2, "6.6.6.6, 10.0.0.7, 10.0.0.8", "10.0.0.7"),
        (2, "10.0.0.8", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "10.0.0.7:41234", "10.0.0.7"),
        (1, "[2001:db8:1:2:3:4:5:6]:41234", "2001:db8:1:2::/64"),
        (1, "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        (1, "2001:db8:1:2:ffff::1%eth0", "2001:db8:1:2::/64"),
        (1, "::ffff:10.0.0.7", "10.0.0.7"),
        (1, "unknown", "127.0.0.1"),
    ],
)
def test_forwarded_addresses_count_only_as_far_as_proxies_are_trusted(
    trusted: int, forwarded: str, address: str
) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    req = falcon.testing.create_req(headers=headers, remote_addr="127.0.0.1")
    assert address_of(req, trusted) == address


def test_over_http_it_is_a_problem_with_the_headers(service: Any, valkey_url: str) -> None:
    limited = Settings(
        database_url=service.settings.database_url,
        broker_url=valkey_url,
        demo=True,
        secret=service.settings.secret,
        rate_limit_per_user="10/hour",
    )
    from api.app import create_app

    client = falcon.testing.TestClient(create_app(limited))
    headers = {"Authorization": f"Bearer {service.identity('kim')}"}
    answers = [client.simulate_get("/v1/points", headers=headers) for _ in range(60)]
    assert {answer.status_code for answer in answers} == {200, 429}
    # At the turn of a second the next few are let through without a look-up.
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json["code"] == "rate_limited"
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["RateLimit"].startswith('"user";r=0')
