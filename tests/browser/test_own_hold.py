"""Back from the checkout: what a fan holds is theirs on the map, and is changed, paid or given back knowingly."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opening
from tests.browser.fan import SOON, Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser


def _stats(seller: Seller, concert_id: int) -> tuple[int, int]:
    found = seller.call("GET", f"/v1/operator/concerts/{concert_id}/stats")
    return found["seats_held"], found["seats_sold"]


def _back_on_the_map(visitor: Fan, concert_id: int, seats: int) -> None:
    visitor.enter(concert_id)
    visitor.choose_date()
    visitor.pick(seats)
    visitor.hold()
    visitor.at("/checkout")
    visitor.page.get_by_role("link", name="Add or change seats").click()
    visitor.at(r"/seats/\d+")
    visitor.sees("You hold ")
    expect(visitor.chips).to_have_count(seats)


def test_seats_are_added_to_a_hold_and_paid_together(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Three after all", rows=2, seats_per_row=6)
    visitor = fan("adder")
    _back_on_the_map(visitor, concert_id, 2)
    # Nothing was changed: the way back to paying asks for nothing.
    visitor.button("^Pay for these seats$").click()
    visitor.at("/checkout")
    visitor.page.go_back()
    visitor.pick(3)
    visitor.button("Change my seats and pay").click()
    visitor.at("/checkout")
    expect(visitor.page.locator(".bill li")).to_have_count(3)
    assert _stats(seller, concert_id) == (3, 0)
    visitor.pay()
    visitor.at(r"/tickets/\d+")
    assert _stats(seller, concert_id) == (0, 3)


def test_a_hold_is_given_back_from_the_map(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Given back", rows=2, seats_per_row=6)
    visitor = fan("giver")
    _back_on_the_map(visitor, concert_id, 2)
    visitor.button("Give these seats back").click()
    visitor.at("/dates")
    visitor.sees("The seats were given back")
    assert _stats(seller, concert_id) == (0, 0)


def test_a_seat_taken_off_a_hold_is_anybodys_and_what_is_kept_is_not(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("One is enough", rows=1, seats_per_row=2)
    visitor, other = fan("keeper"), fan("other", "desktop")
    _back_on_the_map(visitor, concert_id, 2)
    visitor.chips.first.get_by_role("button").click()
    visitor.button("Change my seats and pay").click()
    visitor.at("/checkout")
    expect(visitor.page.locator(".bill li")).to_have_count(1)
    other.enter(concert_id)
    other.choose_date()
    other.sees("1 free")
    other.pick(1)
    other.hold()
    other.at("/checkout")
    assert _stats(seller, concert_id) == (2, 0)


def test_a_hold_that_ran_out_on_the_map_is_told(hasty: Stack, hasty_seller: Seller, open_page: Opening) -> None:
    concert_id = hasty_seller.put_on_sale("Short", rows=1, seats_per_row=3)
    slow = Fan(open_page(), hasty.url, "slow-on-the-map")
    _back_on_the_map(slow, concert_id, 2)
    slow.sees("The hold has run out. The seats are free")
    expect(slow.page.locator(".own-hold")).to_have_count(0, timeout=SOON)
    expect(slow.chips).to_have_count(0)
