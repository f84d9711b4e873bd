"""A page says what the service told it: unknown outcomes, other tabs, giving up, a lost network, a hold at its end."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.browser.staged_line import fulfil_busy
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser

# The best seats, which the page offers, cost twice the price.
PRICE = 30_000
AMOUNT = 2 * PRICE


def _at_the_checkout(who: Fan, seller: Seller, token: str, *, points: int = AMOUNT) -> int:
    concert_id = seller.put_on_sale(f"Outcomes of {who.name}", price=PRICE)
    if points:
        seller.done("POST", "/v1/points/charges", {"amount": points}, token)
    who.enter(concert_id)
    who.choose_date()
    who.pick(1)
    who.hold()
    who.at("/checkout")
    expect(who.page.locator(".pay button[type=submit]")).not_to_be_empty()
    return concert_id


def _entries(seller: Seller, token: str) -> list[tuple[str, int]]:
    found = seller.call("GET", "/v1/points/entries", token=token)["items"]
    return sorted((entry["kind"], entry["amount"]) for entry in found)


def _keys_of(page: Page) -> list[str]:
    """Collect the idempotency keys of the changes that a page sends from now on."""
    keys: list[str] = []
    page.on(
        "request",
        lambda request: (
            keys.append(request.headers["idempotency-key"])
            if request.method == "POST" and "idempotency-key" in request.headers
            else None
        ),
    )
    return keys


def test_a_fault_is_no_outcome_and_is_asked_again_with_the_same_key(
    fan: Callable[..., Fan], seller: Seller, stack: Stack
) -> None:
    who = fan("faulty")
    token = stack.token(who.name)
    _at_the_checkout(who, seller, token)
    faults: list[int] = []

    def carried_out_and_lost(route: Route) -> None:
        if faults:
            return route.continue_()
        faults.append(route.fetch().status)
        return route.fulfill(status=500, json={"code": "internal_error", "status": 500})

    who.page.route("**/v1/payments", carried_out_and_lost)
    keys = _keys_of(who.page)
    who.pay()
    who.sees("whether this was done is not known yet")
    # Nothing more is charged, although the balance is used up.
    who.button("Ask what came of it").click()
    who.at(r"/tickets/\d+")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert _entries(seller, token) == [("charge", AMOUNT), ("payment", -AMOUNT)]


def test_a_second_tab_joins_what_the_first_is_at(fan: Callable[..., Fan], seller: Seller, stack: Stack) -> None:
    first = fan("two-tabs")
    token = stack.token(first.name)
    concert_id = _at_the_checkout(first, seller, token, points=0)
    second = Fan(first.page.context.new_page(), stack.url, first.name)
    second.come()
    begun: list[Route] = []

    def hang(route: Route) -> None:
        begun.append(route)

    first.page.route("**/v1/points/charges", hang)
    keys = [*map(_keys_of, (first.page, second.page))]
    first.pay()
    first.page.wait_for_timeout(0)
    expect(first.button("Charging")).to_be_visible()
    # The charge of the first tab hangs; the second one finds it written down, and ends it.
    second.visit(concert_id, "/checkout")
    expect(second.button("^Pay ")).to_be_visible(timeout=15_000)
    assert keys[0] == keys[1]
    begun[0].continue_()
    first.at(r"/tickets/\d+")
    # And the second one shows what the first one has done, without being asked.
    second.at(r"/tickets/\d+")
    assert _entries(seller, token) == [("charge", AMOUNT), ("payment", -AMOUNT)]


def test_what_is_under_way_can_be_given_up_and_is_not_forgotten(
    fan: Callable[..., Fan], seller: Seller, stack: Stack
) -> None:
    who = fan("gives-up")
    token = stack.token(who.name)
    _at_the_checkout(who, seller, token)
    who.page.route("**/v1/payments", lambda route: fulfil_busy(route, 0.2))
    keys = _keys_of(who.page)
    who.pay()
    who.button("Stop waiting").click()
    who.sees("What was sent may still be carried out")
    who.page.unroute("**/v1/payments")
    who.button("Ask what came of it").click()
    who.at(r"/tickets/\d+")
    assert len(keys) > 3
    assert len(set(keys)) == 1


def test_offline_at_the_checkout_no_place_is_promised(fan: Callable[..., Fan], seller: Seller, stack: Stack) -> None:
    who = fan("offline-at-the-checkout")
    _at_the_checkout(who, seller, stack.token(who.name))
    who.page.context.set_offline(True)
    who.sees("Your turn and the time of held seats run on")
    expect(who.page.get_by_text("Your place is kept")).to_have_count(0)
    who.page.context.set_offline(False)
    expect(who.page.get_by_text("You are offline")).to_be_hidden(timeout=15_000)


def test_a_hold_at_its_end_that_was_paid_elsewhere_is_not_called_unpaid(
    hasty: Stack, hasty_seller: Seller, open_page: Opening
) -> None:
    who = Fan(open_page(), hasty.url, "paid-elsewhere")
    token = hasty.token(who.name)
    _at_the_checkout(who, hasty_seller, token)
    kept = who.page.evaluate("Object.entries(localStorage).map(([key, value]) => [key, value])")
    kept = [json.loads(value) for key, value in kept if key.startswith(("frontrow.place.", "frontrow.hold."))]
    [credential] = [one["token"] for one in kept if "token" in one]
    [reservation_id] = [one["reservationId"] for one in kept if "reservationId" in one]
    hasty_seller.done("POST", "/v1/payments", {"reservation_id": reservation_id}, credential)
    who.at(r"/tickets/\d+|/concerts/")
    expect(who.page.get_by_text("nothing was paid")).to_have_count(0)
    who.at(r"/tickets/\d+")
