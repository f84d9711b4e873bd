"""The waiting room while things go wrong around it: no network, a busy server, a paused line."""

import re
import time
from itertools import pairwise

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser


@pytest.fixture
def waiting(
    open_page: Opening, hasty_seller: Seller, hasty: Stack, request: pytest.FixtureRequest
) -> tuple[Fan, int, str]:
    """A fan who is next in a line with room for one, and who is inside."""
    name = re.sub(r"\W", "-", request.node.name)[:40]
    concert_id = hasty_seller.put_on_sale(name, capacity=1)
    inside = hasty_seller.join(concert_id, hasty.token(f"inside-{name}"))
    hasty_seller.wait_until_admitted(inside)
    who = Fan(open_page(), hasty.url, f"w-{name}")
    who.come()
    who.join(concert_id)
    who.sees("You are next")
    return who, concert_id, inside


def test_offline_and_back(waiting: tuple[Fan, int, str], hasty_seller: Seller) -> None:
    who, _, inside = waiting
    who.page.context.set_offline(True)
    who.sees("You are offline. Your place is kept")
    who.page.context.set_offline(False)
    expect(who.page.get_by_text("You are offline")).to_be_hidden(timeout=15_000)
    hasty_seller.done("DELETE", "/v1/queue-tokens/current", None, inside)
    who.at("/dates")


def test_a_busy_server_is_waited_for_as_long_as_it_says(waiting: tuple[Fan, int, str]) -> None:
    who, _, _ = waiting
    polls: list[float] = []

    def busy(route: Route) -> None:
        polls.append(time.monotonic())
        headers = {"Retry-After": "2", "Content-Type": "application/problem+json"}
        body = '{"code": "rate_limited", "status": 429}'
        if len(polls) <= 2:
            route.fulfill(status=429, headers=headers, body=body)
        else:
            route.continue_()

    who.page.route("**/v1/queue-tokens/current", busy)
    who.sees("very busy right now")
    expect(who.page.get_by_text("very busy right now")).to_be_hidden(timeout=15_000)
    assert polls[1] - polls[0] >= 1.9
    assert polls[2] - polls[1] >= 1.9


def test_polls_come_as_the_server_says(waiting: tuple[Fan, int, str]) -> None:
    who, _, _ = waiting
    times: list[float] = []

    def count(route: Route) -> None:
        times.append(time.monotonic())
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "retry-after": "1"})

    who.page.route("**/v1/queue-tokens/current", count)
    who.page.reload()
    for _ in range(4):
        with who.page.expect_response("**/v1/queue-tokens/current", timeout=15_000):
            pass
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 0.95
    assert max(gaps) < 4


def test_the_bar_never_goes_back(waiting: tuple[Fan, int, str]) -> None:
    who, _, _ = waiting
    positions = iter([40, 20, 30, 35])

    def tell(route: Route) -> None:
        answer = route.fetch()
        body = {**answer.json(), "position": next(positions, 35)}
        route.fulfill(response=answer, json=body, headers={**answer.headers, "retry-after": "1"})

    shown: list[int] = []
    bar = who.page.get_by_role("progressbar")
    who.page.route("**/v1/queue-tokens/current", tell)
    who.page.reload()
    for ahead in (39, 19, 29, 34):
        who.sees(f"^{ahead} people are ahead of you")
        shown.append(int(bar.get_attribute("aria-valuenow") or 0))
    assert shown == sorted(shown)
    assert shown[-1] > 0


def test_a_pause_is_told_and_opening_lets_the_fan_in(waiting: tuple[Fan, int, str], hasty_seller: Seller) -> None:
    who, concert_id, inside = waiting
    hasty_seller.steer(concert_id, state="paused")
    # A page that asks with the token looks at a line that stands still every ten seconds.
    expect(who.page.get_by_text("The organiser has paused the line")).to_be_visible(timeout=25_000)
    hasty_seller.done("DELETE", "/v1/queue-tokens/current", None, inside)
    expect(who.page.get_by_text("The organiser has paused the line")).to_be_visible()
    hasty_seller.steer(concert_id, state="open")
    who.at("/dates")
