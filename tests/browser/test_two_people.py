"""What a browser keeps belongs to one identity: it is neither shown to nor used by whoever sits there next."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser

BACK, JOIN, SIGN_IN = "Back to my place in line", "Join the line", "Sign in to join the line"


def _next_at(browser_of: Fan, name: str) -> Fan:
    """Let somebody open a new tab of the same browser and sign in."""
    who = Fan(browser_of.page.context.new_page(), browser_of.url, name)
    who.sign_in()
    return who


def _sign_out(who: Fan) -> None:
    who.page.get_by_role("button", name=re.compile("sign out")).click()
    who.page.get_by_role("dialog").get_by_role("button", name="Sign out").click()


def _credentials(page: Page) -> set[str]:
    """Collect what a page shows to the API as whose it is."""
    found: set[str] = set()

    def note(request: Request) -> None:
        if "/v1/" in request.url and (value := request.headers.get("authorization")):
            found.add(value)

    page.on("request", note)
    return found


def _offered(who: Fan, concert_id: int, text: str) -> None:
    who.visit(concert_id)
    expect(who.page.locator(".entrance").get_by_text(text)).to_be_visible()


def test_a_place_hold_and_points_of_one_are_not_the_others(
    fan: Callable[..., Fan], seller: Seller, stack: Stack
) -> None:
    concert_id = seller.put_on_sale("two people")
    annie = fan("annie")
    annie.sign_in()
    annies = _credentials(annie.page)
    annie.join(concert_id)
    annie.at("/dates")
    annie.choose_date()
    annie.pick(1)
    annie.hold()
    annie.at("/checkout")
    annie.page.close()

    bobby = Fan(annie.page.context.new_page(), annie.url, annie.name.replace("annie", "bobby"))
    bobbys = _credentials(bobby.page)
    bobby.sign_in()
    _offered(bobby, concert_id, JOIN)
    for view in ("line", "dates", "checkout"):
        # Nobody stands in line, chooses or pays here with what is not theirs.
        bobby.visit(concert_id, f"/{view}")
        bobby.at(rf"/concerts/{concert_id}$")
    bobby.join(concert_id)
    bobby.at("/dates")
    bobby.choose_date()
    bobby.pick(1)
    bobby.hold()
    bobby.at("/checkout")
    bobby.pay()
    bobby.at("/tickets")
    assert annies
    assert bobbys
    assert annies.isdisjoint(bobbys)
    bookings = {who.name: seller.call("GET", "/v1/bookings", token=stack.token(who.name)) for who in (annie, bobby)}
    assert [len(bookings[who.name]["items"]) for who in (annie, bobby)] == [0, 1]

    again = _next_at(bobby, annie.name)
    _offered(again, concert_id, BACK)
    again.visit(concert_id, "/checkout")
    expect(again.page.locator(".bill")).to_be_visible()


def test_a_closed_tab_loses_no_place_and_signing_out_leaves_nothing(
    fan: Callable[..., Fan], hasty_seller: Seller, hasty: Stack
) -> None:
    concert_id = hasty_seller.put_on_sale("closed and out", capacity=1)
    hasty_seller.wait_until_admitted(hasty_seller.join(concert_id, hasty.token("inside-closed")))
    who = fan("carol")
    who.url = hasty.url
    who.sign_in()
    who.join(concert_id)
    who.sees("You are next")
    who.page.close()

    later = Fan(who.page.context.new_page(), who.url, who.name)
    _offered(later, concert_id, BACK)
    other = _next_at(later, who.name)
    _sign_out(other)
    expect(other.page.get_by_role("link", name="Sign in")).to_be_visible()
    _offered(later, concert_id, SIGN_IN)
    assert later.page.evaluate("JSON.stringify(localStorage)") == "{}"


def test_signing_out_in_one_tab_signs_out_in_the_other(fan: Callable[..., Fan]) -> None:
    one = fan("dora")
    one.sign_in()
    other = _next_at(one, one.name)
    _sign_out(other)
    expect(one.page.get_by_role("link", name="Sign in")).to_be_visible()


def test_a_clock_half_a_day_ahead_signs_nobody_out(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("fast clock")
    who = fan("eve")
    ahead = "const real = Date.now.bind(Date); Date.now = () => real() + 13 * 3600 * 1000;"
    who.page.add_init_script(ahead)
    who.sign_in()
    _offered(who, concert_id, JOIN)
    who.button(JOIN).click()
    who.at("/dates")


def test_plain_http_and_forbidden_storage_buy_a_ticket(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("no storage")
    who = fan("fay")
    # As on plain http outside of localhost, and where a browser forbids to keep anything.
    who.page.add_init_script("delete Crypto.prototype.randomUUID; delete Crypto.prototype.subtle;")
    for storage in ("localStorage", "sessionStorage"):
        refusal = "get() { throw new DOMException('no', 'SecurityError'); }"
        who.page.add_init_script(f"Object.defineProperty(window, '{storage}', {{ {refusal} }});")
    who.sign_in()
    who.page.locator(f'a[href="/concerts/{concert_id}"]').first.click()
    who.button(JOIN).click()
    who.at("/dates")
    who.choose_date()
    who.pick(1)
    who.hold()
    who.at("/checkout")
    who.pay()
    who.at("/tickets")
