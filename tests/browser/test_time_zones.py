"""Times of a concert are those of its venue, whoever looks from wherever."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from models.time_zones import time_zones
from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser
# Half past seven in the evening in New York; in Seoul it is the next morning.
STARTS_AT = "2031-05-01T23:30:00Z"
SHOWN = "Thu, May 1, 2031, 7:30 PM EDT"


@pytest.fixture
def in_new_york(seller: Seller) -> int:
    now = datetime.now(UTC)
    performance = {
        "starts_at": STARTS_AT,
        "reservable_from": now.isoformat(),
        "reservable_until": (now + timedelta(days=1)).isoformat(),
        "sections": [{"name": "R", "rows": 1, "seats_per_row": 4, "price": 1000}],
    }
    body = {"title": "Abroad", "venue": "Garden", "timezone": "America/New_York", "performances": [performance]}
    return int(seller.call("POST", "/v1/operator/concerts", body)["id"])


def plain(text: str | None) -> str:
    return (text or "").replace("\u202f", " ")


def test_a_fan_sees_the_venues_time_from_programme_to_ticket(in_new_york: int, fan: Callable[..., Fan]) -> None:
    who = fan("traveller", locale="en-US")
    who.come()
    who.page.goto(who.url)
    expect(who.page.locator(".card", has_text="Abroad").first).to_contain_text("Thu, May 1, 2031")
    who.visit(in_new_york)
    expect(who.page.locator(".concert li").first).to_contain_text(SHOWN.replace(" PM", "\u202fPM"))
    who.join(in_new_york)
    who.at("/dates")
    expect(who.page.locator("a.date .date-leaf")).to_have_text("May1")
    assert "Thursday" in plain(who.page.locator("a.date").text_content())
    assert "7:30 PM EDT" in plain(who.page.locator("a.date").text_content())
    who.choose_date()
    who.pick(1)
    who.hold()
    who.at("/checkout")
    who.pay()
    who.at(r"/tickets/\d+")
    assert "7:30 PM EDT" in plain(who.page.locator(".ticket-facts").text_content())
    expect(who.page.locator(".ticket-day")).to_have_text("Thu, May 1, 2031")
    who.page.goto(f"{who.url}/tickets")
    assert SHOWN in plain(who.page.locator(".card-row").first.text_content())


@pytest.fixture
def console(stack: Stack, open_page: Opening) -> Page:
    page = open_page("desktop", "en-US")
    page.goto(f"{stack.url}/operator")
    page.get_by_role("button", name="Enter as the demo operator").click()
    expect(page.get_by_role("heading", name="Concerts")).to_be_visible()
    return page


def test_the_console_shows_the_venues_time(in_new_york: int, console: Page, stack: Stack) -> None:
    row = console.locator("tr", has=console.locator(f"a[href='/operator/concerts/{in_new_york}']"))
    assert "May 1, 7:30 PM EDT" in plain(row.text_content())
    console.goto(f"{stack.url}/operator/concerts/{in_new_york}")
    expect(console.locator("#date option")).to_have_count(1)
    assert plain(console.locator("#date option").text_content()) == SHOWN


def test_the_form_means_the_venues_time_and_refuses_what_is_none(console: Page, seller: Seller) -> None:
    console.get_by_role("link", name="New concert").click()
    console.get_by_label("Title").fill("From a form")
    console.get_by_label("Venue").fill("Garden")
    zone, date = console.get_by_label("Time zone"), console.get_by_label("Date and time")
    expect(zone).to_have_value("Asia/Seoul")
    zone.fill("New York")
    date.fill("2031-05-01T19:30")
    sell = console.get_by_role("button", name="Preview")
    sell.click()
    assert zone.evaluate("field => field.validationMessage") == "There is no time zone of this name."
    zone.fill("America/New_York")
    # The clocks in New York go from two to three that night.
    date.fill("2031-03-09T02:30")
    sell.click()
    expect(console.get_by_text("Clocks at the venue never show 2031-03-09 02:30")).to_be_visible()
    date.fill("2031-05-01T19:30")
    sell.click()
    console.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(console.get_by_role("heading", name="From a form")).to_be_visible()
    made = seller.call("GET", f"/v1/concerts/{int(console.url.rsplit('/', 1)[1])}")
    assert (made["timezone"], made["performances"][0]["starts_at"][:16]) == ("America/New_York", STARTS_AT[:16])


def in_zones(page: Page, function: str, argument: object) -> object:
    """Call a function that sees the module of time zones as `zones`."""
    source = page.locator("script[data-module]").first.get_attribute("data-module") or ""
    module = source.replace("/operator.js", "/screen/zones.js")
    wrapped = f"async ([module, argument]) => {{ const zones = await import(module); return ({function})(argument); }}"
    return page.evaluate(wrapped, [module, argument])


def test_the_browser_knows_every_zone_that_the_service_takes(console: Page) -> None:
    assert in_zones(console, "names => names.filter((name) => !zones.isZone(name))", sorted(time_zones())) == []


def test_twice_shown_times_are_the_earlier_ones(console: Page) -> None:
    script = "([local, zone]) => zones.momentIn(local, zone)?.toISOString()"
    for local, zone, moment in (
        ("2031-11-02T01:30", "America/New_York", "2031-11-02T05:30:00.000Z"),
        ("2031-05-01T19:30", "Asia/Seoul", "2031-05-01T10:30:00.000Z"),
        ("2031-05-01T00:15", "Pacific/Kiritimati", "2031-04-30T10:15:00.000Z"),
    ):
        assert in_zones(console, script, [local, zone]) == moment
