"""What one is queueing for and buying, and what a turn takes, are in sight all the way."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.browser.staged_line import StagedLine, until
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser

TITLE = "Brahms in sight"


def test_concert_price_date_seats_amount_and_clock_are_in_sight(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale(TITLE, price=30_000)
    who = fan("looks-around")
    who.visit(concert_id)
    who.sees("30,000 points to 60,000 points")
    who.enter(concert_id)
    about = who.page.locator(".about")
    expect(about).to_contain_text(TITLE)
    who.choose_date()
    expect(about).to_contain_text(TITLE)
    expect(about.locator("span")).to_have_count(2)
    who.pick(2)
    who.hold()
    who.at("/checkout")
    expect(about.locator("span")).to_have_count(2)
    beside = who.page.locator(".checkout-pay")
    expect(beside.get_by_role("timer")).to_contain_text("Held for you for")
    expect(beside.locator("form")).to_contain_text(re.compile(r"R, row 1: \d+, \d+"))
    expect(beside.locator("form")).to_contain_text("120,000 points")


def test_the_waiting_room_names_the_concert_and_what_a_turn_takes(open_page: Opening, stack: Stack) -> None:
    page = open_page()
    StagedLine(watch="token").enter(page, stack.url)
    expect(page.locator(".calm")).to_contain_text("You then have 10 minutes")
    expect(page.locator(".calm")).to_contain_text("not taken up within 1 minute")


def test_a_concert_page_moves_on_by_itself_when_the_line_opens(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Opens later")
    seller.steer(concert_id, state="closed")
    who = fan("waits-for-it")
    who.come()
    who.visit(concert_id)
    who.sees("Closed")
    expect(who.button("Join the line")).to_have_count(0)
    seller.steer(concert_id, state="open")
    _looks_again_until(who, lambda: who.button("Join the line").is_visible())
    seller.steer(concert_id, state="ended")
    _looks_again_until(who, lambda: who.button("Join the line").count() == 0)
    who.sees("Ended")


def _looks_again_until(who: Fan, condition: Callable[[], bool]) -> None:
    """Let the page look, as it does by itself every half a minute; the browser may keep what it saw for 5 s."""
    until(who.page, lambda: who.page.evaluate("dispatchEvent(new Event('online'))") and condition())


def test_who_holds_seats_may_look_at_other_dates(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Other dates")
    who = fan("other-dates")
    who.enter(concert_id)
    who.choose_date()
    who.pick(1)
    who.hold()
    who.at("/checkout")
    who.visit(concert_id, "/dates")
    who.sees("You hold ")
    expect(who.page.locator("a.date").first).to_be_visible()
    who.page.get_by_role("link", name="Pay for these seats").click()
    who.at("/checkout")


def test_the_programme_marks_what_can_be_booked_no_more(fan: Callable[..., Fan], seller: Seller) -> None:
    over, open_ = seller.put_on_sale("Long ago"), seller.put_on_sale("Still to come")
    who = fan("browses")

    def tell(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        [concert] = [one for one in told["items"] if one["id"] == over]
        for date in concert["performances"]:
            date["reservable_until"] = "2020-01-01T00:00:00Z"
        route.fulfill(response=answer, json=told)

    who.page.route(re.compile(r"/v1/concerts(\?|$)"), tell)
    who.page.goto(who.url)
    card = who.page.locator(f".card[href='/concerts/{over}']")
    expect(card.locator(".badge")).to_have_text("Over")
    expect(who.page.locator(f".card[href='/concerts/{open_}']").locator(".badge")).to_have_count(0)
