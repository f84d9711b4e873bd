"""The operator's map of seats by status and what is refused, live; and a hall of ten thousand there, too."""

import re
from collections.abc import Callable
from statistics import median

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.browser.test_seat_map import MOVE_ABOUT
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser

SOLD, HELD = "--tier-1", "--tier-3"
REFRESHED = 25_000
HAS_COLOUR = """name => {
  const canvas = document.querySelector('.map-canvas');
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.setProperty('color', `var(${name})`);
  const [red, green, blue] = getComputedStyle(probe).color.match(/\\d+/g).map(Number);
  probe.remove();
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4)
    if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) return true;
  return false;
}"""
RISES = "line => new Set(line.getAttribute('points').split(' ').map(point => point.split(',')[1])).size > 1"


@pytest.fixture
def open_desk(stack: Stack, open_page: Opening) -> Callable[..., Page]:
    """Open the desk of a concert, signed in as the demo operator."""

    def opening(concert_id: int, size: str = "desktop") -> Page:
        page = open_page(size)
        page.goto(f"{stack.url}/operator/concerts/{concert_id}")
        page.get_by_role("button", name="Enter as the demo operator").click()
        expect(page.locator(".map-canvas")).to_be_visible()
        return page

    return opening


def test_seats_take_their_colour_on_the_map_while_the_operator_looks(
    open_desk: Callable[..., Page], fan: Callable[..., Fan], seller: Seller
) -> None:
    concert_id = seller.put_on_sale("Drawn", rows=2, seats_per_row=6)
    desk = open_desk(concert_id)
    expect(desk.get_by_role("row", name="R 12 0 0")).to_be_visible()
    assert not desk.evaluate(HAS_COLOUR, HELD)
    who = fan("drawn")
    who.enter(concert_id)
    who.choose_date()
    who.pick(2)
    who.hold()
    who.at("/checkout")
    # Nothing is pressed: the map follows as the table does.
    expect(desk.get_by_role("row", name="R 10 2 0")).to_be_visible(timeout=REFRESHED)
    desk.wait_for_function(HAS_COLOUR, arg=HELD)
    assert not desk.evaluate(HAS_COLOUR, SOLD)
    who.pay()
    who.at(r"/tickets/\d+")
    expect(desk.get_by_role("row", name="All sections 22 0 2")).to_be_visible(timeout=REFRESHED)
    desk.wait_for_function(HAS_COLOUR, arg=SOLD)
    assert not desk.evaluate(HAS_COLOUR, HELD)


def test_the_operators_map_by_keyboard_and_another_date(open_desk: Callable[..., Page], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Spoken")
    desk = open_desk(concert_id)
    spoken = desk.locator("body > [role=status]")
    desk.get_by_label("Date", exact=True).focus()
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("application")).to_be_focused()
    expect(spoken).to_have_text("R, row 1, seat 1: Available, 60,000 points")
    desk.keyboard.press("ArrowRight")
    desk.keyboard.press("Enter")
    expect(desk.locator(".seat-pressed")).to_have_text("R, row 1, seat 2: Available, 60,000 points")
    # The legend says in words what the map says in colours.
    expect(desk.locator(".seats-head li")).to_have_text(["Sold", "Held", "Available"])
    desk.get_by_label("Date", exact=True).select_option(index=1)
    expect(desk.locator(".seat-pressed")).to_have_text(re.compile("^Press a seat"))
    expect(desk.locator(".map-canvas")).to_have_count(1)


def test_what_is_refused_is_plotted(open_desk: Callable[..., Page], seller: Seller, stack: Stack) -> None:
    concert_id = seller.put_on_sale("Refusing")
    desk = open_desk(concert_id)
    plot = desk.locator(".plot", has_text="Refusals, holds and payments")
    expect(plot.locator("li")).to_have_text([re.compile("^Refusals"), re.compile("^Holds"), re.compile("^Payments")])
    refusals = plot.locator("polyline").first
    assert not refusals.evaluate(RISES)
    token = seller.join(concert_id, stack.token("refused-fan"))
    seller.wait_until_admitted(token)
    [performance, _] = seller.call("GET", f"/v1/concerts/{concert_id}/dates", token=token)["items"]
    seats = f"/v1/performances/{performance['performance_id']}/seats?limit=1"
    [seat] = seller.call("GET", seats, token=token)["items"]
    wish = {"performance_id": performance["performance_id"], "seat_ids": [seat["id"]]}
    held = seller.done("POST", "/v1/reservations", wish, token)
    paid = seller.outcome("POST", "/v1/payments", {"reservation_id": held["id"]}, token)
    assert paid["problem"]["code"] == "insufficient_points"
    desk.wait_for_function(f"() => ({RISES})(document.querySelectorAll('.plot polyline')[4])")
    stats = seller.call("GET", f"/v1/operator/concerts/{concert_id}/stats")
    assert sum(stats["last_60_seconds"]["refusals"]) == 1


def test_ten_thousand_seats_stay_smooth_on_the_desk(open_desk: Callable[..., Page], seller: Seller) -> None:
    desk = open_desk(seller.put_on_sale("Stadium", rows=50, seats_per_row=100))
    expect(desk.get_by_role("row", name="All sections 10,000 0 0")).to_be_visible()
    frames = desk.evaluate(MOVE_ABOUT)
    assert median(frames) < 50, frames
