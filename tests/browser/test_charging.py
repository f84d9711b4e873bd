"""Charging what is missing: exactly what was typed, once, and never what was not understood."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Request, expect

from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser

PRICE = 30_000


@pytest.fixture
def paying(fan: Callable[..., Fan], seller: Seller) -> tuple[Fan, list[Request]]:
    """A fan at the checkout without points, and the charges that their page sends."""
    concert_id = seller.put_on_sale("charging", price=PRICE)
    who, sent = fan("charges"), list[Request]()
    who.enter(concert_id)
    who.choose_date()
    who.pick(1)
    who.hold()
    who.at("/checkout")
    who.page.on("request", lambda request: sent.append(request) if request.url.endswith("/charges") else None)
    return who, sent


@pytest.mark.parametrize("typed", ["99999999999", "1000001", "1", "30,000.5", "all", "-30000", "3e5", ""])
def test_what_is_no_amount_for_a_charge_charges_nothing(paying: tuple[Fan, list[Request]], typed: str) -> None:
    who, sent = paying
    field = who.page.get_by_label("Points to charge")
    field.fill(typed)
    who.button("Charge").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    assert field.evaluate("field => field.validationMessage") != ""
    assert sent == []


def test_more_than_is_missing_is_confirmed_and_charged_once(
    paying: tuple[Fan, list[Request]], seller: Seller, stack: Stack
) -> None:
    who, sent = paying
    who.page.get_by_label("Points to charge").fill("1000000")
    who.button("Charge .* and pay").click()
    who.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(who.button("Charge .* and pay")).to_be_enabled()
    assert sent == []
    who.button("Charge .* and pay").click()
    who.page.get_by_role("dialog").get_by_role("button", name="Charge").click()
    who.at("/tickets")
    assert [request.post_data_json for request in sent] == [{"amount": 1_000_000}]
    ledger = seller.call("GET", "/v1/points/entries", token=stack.token(who.name))["items"]
    assert [entry["amount"] for entry in ledger if entry["kind"] == "charge"] == [1_000_000]


def test_what_is_missing_beyond_the_limit_is_charged_in_presses(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("in parts", price=300_000)
    who, sent = fan("parts"), list[Request]()
    who.enter(concert_id)
    who.choose_date()
    who.pick(4)
    who.hold()
    who.at("/checkout")
    who.page.on("request", lambda request: sent.append(request) if request.url.endswith("/charges") else None)
    field = who.page.get_by_label("Points to charge")
    missing = 4 * 600_000
    while missing > 0:
        part = min(missing, 1_000_000)
        expect(field).to_have_value(str(part))
        who.button("^Charge").click()
        missing -= part
    who.at("/tickets")
    assert [request.post_data_json["amount"] for request in sent] == [1_000_000, 1_000_000, 400_000]
