"""Changes: answered with their outcome at once, followed where they are not, and patient with a busy service."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.browser.staged_line import StagedLine, fulfil_busy
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser

CHANGES = re.compile(r"/v1/(queue-tokens|reservations|points/charges|payments|operator/payments/\d+/refund)$")
TASKS = re.compile(r"/v1/tasks/")
ANSWERED_SECONDS = 10


def at_once(route: Route) -> None:
    """Answer a change as a service that waits for the outcome does."""
    request = route.request
    assert request.headers["prefer"] == "wait=10"
    accepted = route.fetch()
    task = accepted.json()
    headers = {"Authorization": request.headers["authorization"]}
    ends = time.monotonic() + ANSWERED_SECONDS
    context = request.frame.page.context
    while task.get("status") == "queued" and time.monotonic() < ends:
        task = context.request.get(request.url.split("/v1/")[0] + f"/v1/tasks/{task['id']}", headers=headers).json()
    route.fulfill(status=200, json=task, headers={"Preference-Applied": "wait"})


def requests_of(page: Page, address: re.Pattern[str]) -> list[Request]:
    """Collect what the page itself asks from now on."""
    found: list[Request] = []
    page.on("request", lambda request: found.append(request) if address.search(request.url) else None)
    return found


def test_a_whole_journey_without_asking_for_a_task(fan: Callable[..., Fan], seller: Seller, stack: Stack) -> None:
    concert_id = seller.put_on_sale("At once")
    who = fan("at-once")
    who.page.route(CHANGES, at_once)
    changes, tasks = requests_of(who.page, CHANGES), requests_of(who.page, TASKS)
    who.enter(concert_id)
    who.choose_date()
    who.pick(1)
    who.hold()
    who.sees("Held for you for")
    who.pay()
    who.at(r"/tickets/\d+")
    who.sees("The seats are yours")
    assert len(changes) == 4
    assert tasks == []
    assert who.page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('frontrow.errand'))") == []
    [booking] = seller.call("GET", "/v1/bookings", token=stack.token(who.name))["items"]

    desk = Fan(who.page.context.new_page(), stack.url, "operator")
    desk.page.route(CHANGES, at_once)
    tasks = requests_of(desk.page, TASKS)
    desk.page.goto(f"{stack.url}/operator")
    desk.button("Enter as the demo operator").click()
    desk.page.get_by_label("Payment number").fill(str(booking["payment_id"]))
    desk.button("^Refund$").click()
    desk.page.get_by_role("dialog").get_by_role("button", name="Refund").click()
    desk.sees(f"Payment {booking['payment_id']} is refunded")
    assert tasks == []


def test_a_refusal_that_comes_at_once_is_told(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Refused at once")
    who = fan("refused-at-once")
    who.enter(concert_id)
    who.choose_date()
    who.pick(1)
    tasks = requests_of(who.page, TASKS)
    problem = {"code": "performance_closed", "status": 409}
    task = {"id": "t", "operation": "reservation.hold", "status": "refused", "result": None, "problem": problem}
    who.page.route("**/v1/reservations", lambda route: route.fulfill(status=200, json=task))
    who.hold()
    expect(who.page.get_by_role("alert")).to_have_text(re.compile("can no longer be booked"))
    assert tasks == []


def without_preference(route: Route) -> dict[str, str]:
    return {name: value for name, value in route.request.headers.items() if name != "prefer"}


def test_what_is_accepted_only_is_followed_with_a_wait(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("followed")
    tasks = requests_of(who.page, TASKS)
    # A service that waits for nobody: it never learns that the page would like to.
    who.page.route("**/v1/queue-tokens", lambda route: route.continue_(headers=without_preference(route)))
    who.enter(seller.put_on_sale("Followed"))
    assert {request.headers["prefer"] for request in tasks} == {"wait=10"}


def test_a_reload_in_the_midst_of_the_wait_sends_the_same_errand(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Reload in the wait")
    who = fan("reloads-in-the-wait")
    who.come()
    keys: list[str] = []

    def slow_at_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) > 1:
            at_once(route)

    who.page.route("**/v1/queue-tokens", slow_at_first)
    who.join(concert_id)
    who.sees("Getting your place in line")
    who.page.reload()
    who.at("/dates")
    assert len(keys) == 2
    assert keys[0] == keys[1]


def test_a_refusal_after_a_reload_is_told_and_forgotten(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Refused after a reload")
    who = fan("refused-after-reload")
    who.come()
    sent: list[str] = []

    def refuse_later(route: Route) -> None:
        sent.append(route.request.url)
        if len(sent) > 1:
            problem = {"code": "queue_closed", "status": 409}
            route.fulfill(status=409, content_type="application/problem+json", body=json.dumps(problem))

    who.page.route("**/v1/queue-tokens", refuse_later)
    who.join(concert_id)
    who.sees("Getting your place in line")
    who.page.reload()
    expect(who.page.get_by_role("alert")).to_have_text(re.compile("The line is closed"))
    who.page.reload()
    expect(who.button("Join the line")).to_be_visible()
    assert len(sent) == 2


def busy_times(count: int, sent: list[Any]) -> Callable[[Route], None]:
    """Answer `busy` so often, then let the service answer."""

    def answer(route: Route) -> None:
        sent.append(route.request.headers["idempotency-key"])
        if len(sent) <= count:
            fulfil_busy(route, 0.5)
        else:
            route.continue_()

    return answer


def test_a_service_that_is_busy_once_worries_nobody(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Busy once")
    who = fan("busy-once")
    who.come()
    sent: list[str] = []
    who.page.route("**/v1/queue-tokens", busy_times(2, sent))
    who.visit(concert_id)
    # Whatever notice there was for however short a time.
    who.page.evaluate(
        "new MutationObserver(() => { window.noticed ||= !!document.querySelector('.entrance .notice'); })"
        ".observe(document.body, { childList: true, subtree: true })"
    )
    who.button("Join the line").click()
    who.at("/dates")
    assert who.page.evaluate("window.noticed") is False
    assert len(sent) == 3
    assert len(set(sent)) == 1


def test_a_service_that_stays_busy_is_told_of_calmly(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Busy")
    who = fan("busy")
    who.come()
    sent: list[str] = []
    who.page.route("**/v1/queue-tokens", busy_times(6, sent))
    who.join(concert_id)
    who.sees("It is being tried again")
    assert len(sent) > 3
    expect(who.page.get_by_role("alert")).to_have_count(0)
    who.at("/dates")
    assert len(set(sent)) == 1


@pytest.mark.parametrize("asked", ["token", "line"])
def test_a_busy_waiting_room_keeps_the_place(open_page: Opening, stack: Stack, asked: str) -> None:
    page = open_page()
    line = StagedLine(watch="token" if asked == "token" else "queue")
    line.enter(page, stack.url)
    expect(page.locator(".position")).to_have_text("1,000")
    line.busy[asked] = 8
    kept = page.get_by_text("Your place is kept; this page goes on trying.")
    expect(kept).to_be_visible(timeout=15_000)
    assert line.busy[asked] < 5
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".position")).to_have_text("1,000")
    expect(kept).to_be_hidden(timeout=15_000)
