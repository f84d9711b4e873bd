"""What an operator reads: the desk agrees with itself, the overview and the trail tell what matters."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opening
from tests.browser.seller import Seller
from tests.browser.staged_line import until
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser

# Less than the ten seconds after which the map is read whatever happens.
AT_ONCE = 6_000


@pytest.fixture
def console(stack: Stack, open_page: Opening) -> Page:
    page = open_page("desktop")
    enter(page, stack)
    return page


def enter(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.url}/operator")
    page.get_by_role("button", name="Enter as the demo operator").click()
    expect(page.get_by_role("heading", name="Concerts")).to_be_visible()


@pytest.fixture
def sell(seller: Seller) -> Callable[..., dict[str, Any]]:
    """Put a concert of one date on sale."""

    def do(title: str, seats: int, **more: Any) -> dict[str, Any]:
        now = datetime.now(UTC)
        date = {
            "starts_at": (now + timedelta(days=30)).isoformat(),
            "reservable_from": now.isoformat(),
            "reservable_until": (now + timedelta(days=29)).isoformat(),
            "sections": [{"name": "R", "rows": 1, "seats_per_row": seats, "price": 1000}],
        }
        body = {"title": title, "venue": "Hall", "performances": [date], **more}
        made: dict[str, Any] = seller.call("POST", "/v1/operator/concerts", body)
        return made

    return do


def hold(seller: Seller, stack: Stack, concert: dict[str, Any], seats: int = 1) -> tuple[str, str, dict[str, Any]]:
    """Take a fan to a hold; return identity, queue token and reservation."""
    identity = stack.token(f"fan-{uuid4().hex[:8]}")
    token = seller.join(concert["id"], identity)
    seller.wait_until_admitted(token)
    performance_id = concert["performances"][0]["performance_id"]
    found = seller.call("GET", f"/v1/performances/{performance_id}/seats?status=available", token=token)["items"]
    body = {"performance_id": performance_id, "seat_ids": [seat["id"] for seat in found[:seats]]}
    return identity, token, seller.done("POST", "/v1/reservations", body, token)


def buy(seller: Seller, stack: Stack, concert: dict[str, Any], seats: int = 1) -> None:
    pay(seller, *hold(seller, stack, concert, seats))


def pay(seller: Seller, identity: str, token: str, reservation: dict[str, Any]) -> None:
    seller.done("POST", "/v1/points/charges", {"amount": reservation["amount"]}, identity)
    seller.done("POST", "/v1/payments", {"reservation_id": reservation["id"]}, token)


def test_held_is_not_sold_out_and_figures_and_map_say_the_same(
    console: Page, seller: Seller, stack: Stack, sell: Callable[..., dict[str, Any]]
) -> None:
    concert = sell("Held, not sold", 2)
    console.goto(f"{stack.url}/operator/concerts/{concert['id']}")
    expect(console.get_by_role("row", name="R 2 0 0")).to_be_visible()
    fate = console.locator(".fact", has_text="Sold out in").locator("dd")
    expect(fate).to_have_text("not yet known")
    held = hold(seller, stack, concert, 2)
    expect(fate).to_have_text("none free, 2 held", timeout=AT_ONCE)
    expect(console.get_by_role("row", name="R 0 2 0")).to_be_visible(timeout=AT_ONCE)
    pay(seller, *held)
    expect(fate).to_have_text("sold out", timeout=AT_ONCE)
    expect(console.get_by_role("row", name="R 0 0 2")).to_be_visible(timeout=AT_ONCE)


def test_a_reload_keeps_the_plots_and_signing_out_does_not(
    console: Page, stack: Stack, sell: Callable[..., dict[str, Any]]
) -> None:
    concert = sell("Reloaded", 2)
    console.goto(f"{stack.url}/operator/concerts/{concert['id']}")
    points = "() => document.querySelector('.plot-line').getAttribute('points').split(' ').length"
    expect(console.locator(".plot-line").first).to_be_attached()
    until(console, lambda: console.evaluate(points) >= 3)
    console.reload()
    expect(console.locator(".plot-line").first).to_be_attached()
    assert console.evaluate(points) >= 4
    console.get_by_role("button", name="Sign out").click()
    expect(console.get_by_role("button", name="Enter as the demo operator")).to_be_visible()
    assert console.evaluate("Object.keys(sessionStorage).filter((key) => key.includes('history'))") == []


def test_times_are_those_of_the_server_and_the_venue(
    open_page: Opening, stack: Stack, sell: Callable[..., dict[str, Any]]
) -> None:
    concert = sell("Elsewhere", 2, timezone="America/New_York")
    page = open_page("desktop")
    # 13 hours and 30 minutes ahead: no zone's offset makes that the time of day in New York.
    page.add_init_script("const real = Date.now.bind(Date); Date.now = () => real() + 13.5 * 3600 * 1000;")
    enter(page, stack)
    page.goto(f"{stack.url}/operator/concerts/{concert['id']}")
    label = page.locator(".plot-text[text-anchor=end]", has_text=re.compile("E[SD]T")).first
    as_of = page.get_by_text(re.compile("These seats are as of .* E[SD]T"))
    for shown in (label, as_of):
        expect(shown).to_be_visible()
        there = datetime.now(ZoneInfo("America/New_York"))
        found = re.search(r"(\d+):(\d+)", shown.text_content() or "")
        assert found is not None
        # It was read a moment ago, maybe in the minute before.
        minutes = (there.hour % 12 - int(found[1]) % 12) * 60 + there.minute - int(found[2])
        assert minutes % 720 in {0, 1}


def test_who_is_no_operator_is_told_so_and_waits_for_nothing(open_page: Opening, stack: Stack) -> None:
    page = open_page("desktop")
    page.goto(f"{stack.url}/operator")
    page.get_by_label("Operator identity").fill(stack.token("just-a-fan"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("Only operators may do this"))
    expect(page.get_by_label("Operator identity")).to_be_visible()
    # One who was let in before and may no more finds no spinner either.
    token = stack.token("just-a-fan")
    kept = f"JSON.stringify({{token: '{token}', userId: 'just-a-fan', expires: 4e12}})"
    page.evaluate(f"sessionStorage.setItem('frontrow.operator.current', {kept})")
    page.reload()
    expect(page.get_by_text("Only operators may do this.").first).to_be_visible()
    expect(page.locator(".busy")).to_have_count(0)


def test_a_fan_is_found_by_a_korean_name(console: Page, seller: Seller, sell: Callable[..., dict[str, Any]]) -> None:
    concert, name = sell("By name", 2), f"김민아{uuid4().hex[:6]}"
    for one in (name, f"{name} 둘"):
        made = seller.call("POST", "/demo/identity", {"name": one})
        seller.join(concert["id"], made["token"])
    console.get_by_label("beginning of a name").fill(name)
    console.get_by_role("button", name="Find", exact=True).click()
    expect(console.get_by_role("heading", name="Fans of this name")).to_be_visible()
    console.get_by_role("listitem").filter(has_text=f"{name} 둘").get_by_role("button", name="Show").click()
    expect(console.get_by_text(f"{name} 둘 (fan-")).to_be_visible()
    expect(console.get_by_text(re.compile(f"Concert {concert['id']}: "))).to_be_visible()
    # One of that name is shown at once.
    console.get_by_label("beginning of a name").fill(f"{name} ")
    console.get_by_role("button", name="Find", exact=True).click()
    expect(console.get_by_role("heading", name="Fans of this name")).to_be_visible()
    console.get_by_label("beginning of a name").fill(f"{name} 둘")
    console.get_by_role("button", name="Find", exact=True).click()
    expect(console.get_by_text(re.compile(f"Concert {concert['id']}: "))).to_be_visible()


def test_the_overview_tells_state_waiting_sold_and_revenue(
    console: Page, seller: Seller, stack: Stack, sell: Callable[..., dict[str, Any]]
) -> None:
    title = f"At a glance {uuid4().hex[:6]}"
    concert = sell(title, 3, queue={"capacity": 1})
    buy(seller, stack, concert, 2)
    seller.steer(concert["id"], state="paused")
    seller.join(concert["id"], stack.token(f"waits-{uuid4().hex[:6]}"))
    cells = console.get_by_role("row", name=re.compile(title)).get_by_role("cell")
    expect(cells.nth(4)).to_have_text("Paused", timeout=20_000)
    expect(cells.nth(5)).to_have_text("1")
    expect(cells.nth(6)).to_have_text("2 of 3")
    expect(cells.nth(7)).to_have_text("2,000 points")


def test_the_trail_tells_seconds_what_was_before_and_more_than_a_page(
    console: Page, seller: Seller, stack: Stack, sell: Callable[..., dict[str, Any]]
) -> None:
    concert = sell("Much steered", 2)
    for capacity in range(1, 103):
        seller.steer(concert["id"], capacity=capacity)
    seller.steer(concert["id"], state="paused")
    console.goto(f"{stack.url}/operator/concerts/{concert['id']}")
    newest = console.get_by_role("row", name=re.compile("state: open → paused"))
    expect(newest).to_be_visible()
    expect(newest.get_by_role("cell").first).to_have_text(re.compile(r"\d:\d\d:\d\d"))
    trail = console.get_by_role("region", name="What operators did")
    expect(trail.get_by_role("row")).to_have_count(101)
    expect(console.get_by_role("row", name=re.compile("Created a concert"))).to_be_hidden()
    console.get_by_role("button", name="Show older ones").click()
    expect(trail.get_by_role("row")).to_have_count(105)
    expect(console.get_by_role("row", name=re.compile("Created a concert"))).to_be_visible()
    expect(console.get_by_role("button", name="Show older ones")).to_be_hidden()
