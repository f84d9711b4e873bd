"""The operator's console: putting a concert on sale, steering its line, giving money back."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser

SECTIONS = 'name,rows,seats_per_row,price\n"Floor, left",2,10,50000\nBalcony,3,10,20000\n'


@pytest.fixture
def console(stack: Stack, open_page: Opening) -> Page:
    page = open_page("desktop")
    page.goto(f"{stack.url}/operator")
    page.get_by_role("button", name="Enter as the demo operator").click()
    expect(page.get_by_role("heading", name="Concerts")).to_be_visible()
    return page


def test_a_concert_from_a_form_and_a_csv(console: Page, seller: Seller) -> None:
    console.get_by_role("link", name="New concert").click()
    console.get_by_label("Title").fill("From a file")
    console.get_by_label("Venue").fill("Arena")
    console.get_by_label("Date and time").fill("2031-05-01T19:30")
    csv = {"name": "seats.csv", "mimeType": "text/csv", "buffer": SECTIONS.encode()}
    console.get_by_label("Or from a CSV file").set_input_files(csv)
    expect(console.get_by_text("2 sections, 50 seats")).to_be_visible()
    console.get_by_role("button", name="Preview").click()
    preview = console.get_by_role("dialog")
    for text in ("From a file", "Arena, Asia/Seoul", "Thu, May 1, 2031, 7:30", "50 seats, worth 1,600,000 points"):
        expect(preview).to_contain_text(text)
    expect(preview.get_by_role("row", name="Floor, left 20 50,000 points")).to_be_visible()
    preview.get_by_role("button", name="Create").click()
    expect(console.get_by_role("heading", name="From a file")).to_be_visible()
    concert_id = int(console.url.rsplit("/", 1)[1])
    [performance] = seller.call("GET", f"/v1/concerts/{concert_id}")["performances"]
    assert performance["seats_total"] == 50
    # The time was meant in Seoul, the time zone of the settings.
    assert performance["starts_at"].startswith("2031-05-01T10:30")
    # It goes on sale when somebody means it.
    assert seller.call("GET", f"/v1/queues/{concert_id}")["state"] == "paused"
    console.get_by_role("button", name="Open the line").click()
    expect(console.get_by_role("dialog")).to_contain_text("Arena")
    console.get_by_role("dialog").get_by_role("button", name="Open the line").click()
    expect(console.get_by_text("Not open yet")).to_be_hidden()
    assert seller.call("PATCH", f"/v1/operator/concerts/{concert_id}/queue", {})["state"] == "open"


def fill_in(console: Page, title: str) -> None:
    console.get_by_role("link", name="New concert").click()
    console.get_by_label("Title").fill(title)
    console.get_by_label("Venue").fill("Arena")
    console.get_by_label("Date and time").fill("2031-05-01T19:30")
    console.get_by_label("Sections of seats").fill("R,1,2,1000")


def made(seller: Seller, title: str) -> list[int]:
    concerts = seller.call("GET", "/v1/concerts?limit=500")["items"]
    return [concert["id"] for concert in concerts if concert["title"] == title]


def test_a_double_click_makes_one_concert_and_a_mistake_can_be_deleted(console: Page, seller: Seller) -> None:
    fill_in(console, "Pressed twice")
    console.get_by_role("button", name="Preview").dblclick()
    expect(console.get_by_role("dialog")).to_have_count(1)
    console.get_by_role("dialog").get_by_role("button", name="Create").dblclick()
    expect(console.get_by_role("heading", name="Pressed twice")).to_be_visible()
    assert len(made(seller, "Pressed twice")) == 1

    console.get_by_role("button", name="Delete this concert").click()
    expect(console.get_by_role("dialog")).to_contain_text("Pressed twice")
    console.get_by_role("dialog").get_by_role("button", name="Delete this concert").click()
    expect(console.get_by_role("row", name=re.compile("demo-operator Deleted a concert"))).to_be_visible()
    assert made(seller, "Pressed twice") == []


def test_a_creation_whose_answer_was_lost_is_the_same_when_it_is_pressed_again(console: Page, seller: Seller) -> None:
    fill_in(console, "Answer lost")

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    console.route("**/v1/operator/concerts", lose, times=1)
    for _ in range(2):
        console.get_by_role("button", name="Preview").click()
        console.get_by_role("dialog").get_by_role("button", name="Create").click()
        expect(console.get_by_role("dialog")).to_have_count(0)
        expect(console.get_by_text("You are offline").or_(console.get_by_text("Not open yet"))).to_be_visible()
    expect(console.get_by_role("heading", name="Answer lost")).to_be_visible()
    assert len(made(seller, "Answer lost")) == 1


def test_a_faulty_csv_is_told_by_line(console: Page) -> None:
    console.get_by_role("link", name="New concert").click()
    console.get_by_label("Sections of seats").fill("R,10,20,1000\nS,ten,20,1000")
    expect(console.get_by_text("Line 2: “rows” is missing or no whole number.")).to_be_visible()


def test_pausing_and_opening_the_line(console: Page, fan: Callable[..., Fan], seller: Seller, stack: Stack) -> None:
    concert_id = seller.put_on_sale("Steered")
    console.goto(f"{stack.url}/operator/concerts/{concert_id}")
    console.get_by_role("button", name="Pause").click()
    expect(console.get_by_text("Paused", exact=True)).to_be_visible()
    # The deed stands in the trail at once.
    expect(console.get_by_role("row", name=re.compile("demo-operator Steered the line"))).to_be_visible()
    who = fan("steered")
    who.come()
    who.join(concert_id)
    who.sees("The organiser has paused the line")
    expect(console.locator(".fact", has_text="Waiting").locator("dd")).to_have_text("1", timeout=15_000)
    console.get_by_role("button", name="Open", exact=True).click()
    who.at("/dates")
    expect(console.locator(".fact", has_text="Admitted").locator("dd")).to_have_text("1", timeout=15_000)


def test_capacity_and_rate(console: Page, seller: Seller, stack: Stack) -> None:
    concert_id = seller.put_on_sale("Measured")
    console.goto(f"{stack.url}/operator/concerts/{concert_id}")
    console.get_by_label("Inside at once").fill("7")
    console.locator("form", has=console.locator("#capacity")).get_by_role("button", name="Set").click()
    expect(console.get_by_text("Done.")).to_be_visible()
    console.get_by_label("Admissions a second").fill("2.5")
    with console.expect_response("**/queue"):
        console.locator("form", has=console.locator("#rate")).get_by_role("button", name="Set").click()
    expect(console.locator(".fact", has_text="Inside").locator("dd")).to_have_text(re.compile("0 of 7"), timeout=15_000)
    console.reload()
    expect(console.get_by_label("Admissions a second")).to_have_value("2.5")
    queue = seller.call("PATCH", f"/v1/operator/concerts/{concert_id}/queue", {})
    assert (queue["capacity"], queue["admit_per_second"]) == (7, 2.5)


@pytest.mark.parametrize("typed", ["5,5", "10/s", "five", "1e3", "Infinity", "0", "-1", "0x10"])
def test_a_number_that_is_not_understood_sets_nothing(console: Page, seller: Seller, stack: Stack, typed: str) -> None:
    concert_id = seller.put_on_sale("Not understood")
    seller.call("PATCH", f"/v1/operator/concerts/{concert_id}/queue", {"admit_per_second": 3})
    sent: list[str] = []
    console.goto(f"{stack.url}/operator/concerts/{concert_id}")
    expect(console.get_by_label("Admissions a second")).to_have_value("3")
    console.on("request", lambda request: sent.append(request.url) if request.method == "PATCH" else None)
    for label, name in (("Admissions a second", "rate"), ("Inside at once", "capacity")):
        field = console.get_by_label(label)
        field.fill(typed)
        console.locator("form", has=console.locator(f"#{name}")).get_by_role("button", name="Set").click()
        expect(field).to_have_attribute("aria-invalid", "true")
        assert field.evaluate("field => field.validationMessage") != ""
    expect(console.get_by_text("Done.")).to_be_hidden()
    assert sent == []
    queue = seller.call("PATCH", f"/v1/operator/concerts/{concert_id}/queue", {})
    assert (queue["capacity"], queue["admit_per_second"]) == (50, 3)


def test_a_form_with_a_number_that_is_not_understood_creates_nothing(console: Page) -> None:
    console.get_by_role("link", name="New concert").click()
    console.get_by_label("Title").fill("Five a second")
    console.get_by_label("Venue").fill("Arena")
    console.get_by_label("Date and time").fill("2031-05-01T19:30")
    console.get_by_label("Admissions a second").fill("5,5")
    sent: list[str] = []
    console.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    console.get_by_role("button", name="Preview").click()
    expect(console.get_by_label("Admissions a second")).to_have_attribute("aria-invalid", "true")
    assert sent == []


def test_a_file_in_another_encoding_is_refused(console: Page) -> None:
    console.get_by_role("link", name="New concert").click()
    csv = {"name": "seats.csv", "mimeType": "text/csv", "buffer": "VIP석,2,10,50000\n".encode("cp949")}
    console.get_by_label("Or from a CSV file").set_input_files(csv)
    expect(console.get_by_text("This file is not in UTF-8")).to_be_visible()
    assert "\ufffd" not in console.get_by_label("Sections of seats").input_value()


def test_a_refund_gives_points_back_and_ends_the_ticket(
    console: Page, fan: Callable[..., Fan], seller: Seller, stack: Stack
) -> None:
    concert_id = seller.put_on_sale("Refunded", rows=1, seats_per_row=2)
    who = fan("refunded-fan")
    who.enter(concert_id)
    who.buy()
    payment_id = who.page.locator(".ticket-facts div", has_text="Ticket no.").locator("dd").inner_text()

    console.get_by_label("Payment number").fill(payment_id)
    console.get_by_role("button", name="Refund").dblclick()
    sure = console.get_by_role("dialog")
    for text in (who.name, "Refunded", "R, row 1: ", "60,000 points"):
        expect(sure).to_contain_text(text)
    sure.get_by_role("button", name="Cancel").click()
    expect(sure).to_have_count(0)
    assert seller.call("GET", "/v1/points", token=stack.token(who.name))["balance"] == 0
    console.get_by_role("button", name="Refund").click()
    console.get_by_role("dialog").get_by_role("button", name="Refund").click()
    expect(console.get_by_text(f"Payment {payment_id} is refunded: 60,000 points back to {who.name}.")).to_be_visible()
    expect(console.get_by_role("row", name=f"Refunded a payment payment:{payment_id} ")).to_be_visible()
    # What is refunded already is said, not asked.
    console.get_by_role("button", name="Refund").click()
    expect(console.get_by_role("alert")).to_have_text(re.compile("refunded before"))

    who.page.reload()
    who.sees("This ticket was refunded")
    assert seller.call("GET", "/v1/points", token=stack.token(who.name))["balance"] == 60_000


def test_finding_a_fan_and_releasing_his_hold(
    console: Page, fan: Callable[..., Fan], seller: Seller, stack: Stack
) -> None:
    concert_id = seller.put_on_sale("Found", rows=1, seats_per_row=3)
    who = fan("found-fan")
    who.enter(concert_id)
    who.choose_date()
    who.pick(2)
    who.hold()
    who.at("/checkout")
    console.get_by_label("User id, or").fill(who.name)
    console.get_by_role("button", name="Find", exact=True).click()
    expect(console.get_by_text(f"Concert {concert_id}: choosing", exact=True)).to_be_visible()
    console.get_by_role("button", name="Release").click()
    sure = console.get_by_role("dialog")
    for text in (who.name, "R, row 1: ", "120,000 points"):
        expect(sure).to_contain_text(text)
    sure.get_by_role("button", name="Cancel").click()
    expect(console.get_by_text("is released.")).to_be_hidden()
    console.get_by_role("button", name="Release").click()
    console.get_by_role("dialog").get_by_role("button", name="Release").click()
    expect(console.get_by_text("is released.")).to_be_visible()
    expect(console.get_by_text(re.compile(r"No\. \d+: released, R, row 1: "))).to_be_visible()
    deed = console.get_by_role("row", name=re.compile(f"Released a hold reservation:.*user_id: {who.name}"))
    expect(deed).to_be_visible()
    # What belongs to one fan does not stay below a search for another.
    console.get_by_label("User id, or").fill("x" * 256)
    console.get_by_role("button", name="Find", exact=True).click()
    expect(console.get_by_text("is not right")).to_be_visible()
    expect(console.get_by_text(re.compile(r"No\. \d+: released"))).to_be_hidden()

    console.goto(f"{stack.url}/operator/concerts/{concert_id}")
    expect(console.get_by_role("row", name="R 3 0 0")).to_be_visible()
    # The desk shows what was done about its concert, wherever it was done.
    expect(deed).to_be_visible()
    who.page.reload()
    who.at("/dates")


def test_the_service_panel_names_every_broker_queue(console: Page) -> None:
    for queue in ("queue_tokens", "reservations", "points", "payments", "sweeps"):
        expect(console.get_by_role("cell", name=queue, exact=True)).to_be_visible(timeout=15_000)
