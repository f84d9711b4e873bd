"""A line that is closed, ended or has nothing left to sell, as fans and operators see it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.browser.staged_line import StagedLine
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"state": "closed"}, "takes no newcomers any more. Those who wait are still served"),
        ({"state": "ended"}, "The organiser has ended this line"),
        ({"sold_out": True, "sale_over": True}, "Sold out: every seat is sold"),
        ({"sale_over": True}, "no date can be booked any more"),
    ],
)
def test_the_concert_page_offers_no_line_that_takes_nobody(
    fan: Callable[..., Fan], seller: Seller, told: dict[str, object], text: str
) -> None:
    concert_id = seller.put_on_sale("Takes nobody")
    who = fan("too-late")
    who.come()

    def tell(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), **told})

    who.page.route(f"**/v1/queues/{concert_id}", tell)
    who.visit(concert_id)
    who.sees(text)
    expect(who.button("Join the line")).to_have_count(0)


def test_the_waiting_room_tells_that_all_is_sold_and_that_seats_came_back(open_page: Opening, stack: Stack) -> None:
    page, line = open_page(), StagedLine(sold_out=True)
    line.enter(page, stack.url)
    expect(page.get_by_text("Every seat is sold. You keep your place")).to_be_visible()
    line.sold_out = False
    expect(page.get_by_text("Every seat is sold")).to_be_hidden(timeout=15_000)


def test_who_waits_is_told_when_an_operator_ends_the_line(
    open_page: Opening, hasty_seller: Seller, hasty: Stack
) -> None:
    concert_id = hasty_seller.put_on_sale("Sent home", capacity=1)
    hasty_seller.wait_until_admitted(hasty_seller.join(concert_id, hasty.token("inside-ended")))
    who = Fan(open_page(), hasty.url, "sent-home")
    who.come()
    who.join(concert_id)
    who.sees("You are next")

    console = _console(open_page("desktop"), hasty)
    console.goto(f"{hasty.url}/operator/concerts/{concert_id}")
    expect(console.locator(".fact", has_text="Waiting").locator("dd")).to_have_text("1", timeout=15_000)
    console.get_by_role("button", name="End", exact=True).click()
    dialog = console.get_by_role("dialog")
    expect(dialog).to_contain_text("1 person waits")
    dialog.get_by_role("button", name="Cancel").click()
    assert hasty_seller.call("GET", f"/v1/queues/{concert_id}")["state"] == "open"
    console.get_by_role("button", name="End", exact=True).click()
    dialog.get_by_role("button", name="End", exact=True).click()
    expect(console.locator(".badge")).to_have_text("Ended", timeout=15_000)

    who.at(rf"/concerts/{concert_id}$")
    who.sees("The organiser has ended this line, and your place with it")


def _console(page: Page, stack: Stack) -> Page:
    page.goto(f"{stack.url}/operator")
    page.get_by_role("button", name="Enter as the demo operator").click()
    expect(page.get_by_role("heading", name=re.compile("Concerts"))).to_be_visible()
    return page
