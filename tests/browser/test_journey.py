"""The whole way from the programme to the ticket, on a phone and at a desk, with a reload in every step."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_a_fan_buys_two_seats(size: str, fan: Callable[..., Fan], seller: Seller, stack: Stack) -> None:
    concert_id = seller.put_on_sale(f"Journey {size}")
    mina = fan(f"mina-{size}", size)
    mina.page.goto(stack.url)
    mina.page.locator(f"a.card[href='/concerts/{concert_id}']").click()
    mina.page.get_by_role("link", name="Sign in to join the line").click()
    mina.page.get_by_label("Your name").fill(mina.name)
    mina.button("Continue").click()
    mina.button("Join the line").click()

    mina.at(f"/concerts/{concert_id}/dates")
    mina.sees("It is your turn")
    mina.choose_date()
    mina.pick(2)
    mina.hold()

    mina.at("/checkout")
    mina.sees("120,000 points")
    mina.sees("Held for you for")
    mina.pay()

    mina.at(r"/tickets/\d+")
    mina.sees("The seats are yours")
    code = mina.page.get_by_alt_text("QR code of this ticket")
    expect(code).to_be_visible()
    assert code.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    [booking] = seller.call("GET", "/v1/bookings", token=stack.token(mina.name))["items"]
    assert len(booking["seats"]) == 2
    assert booking["amount"] == 120_000


def test_a_reload_loses_nothing_in_any_step(fan: Callable[..., Fan], seller: Seller, stack: Stack) -> None:
    concert_id = seller.put_on_sale("Reloads", capacity=1)
    inside = seller.join(concert_id, stack.token("early-bird"))
    seller.wait_until_admitted(inside)
    jun = fan("jun-reloads")
    jun.come()
    jun.join(concert_id)

    jun.at("/line")
    jun.sees("You are next")
    jun.page.reload()
    jun.sees("You are next")
    seller.done("DELETE", "/v1/queue-tokens/current", None, inside)
    jun.at("/dates")
    jun.page.reload()
    jun.choose_date()
    jun.page.reload()
    expect(jun.map).to_be_visible()
    jun.pick(1)
    jun.hold()
    jun.at("/checkout")
    jun.page.reload()
    jun.sees("Held for you for")
    jun.pay()
    # In the midst of it: the errand is taken up again, and paid once.
    jun.page.reload()
    if not re.search("/tickets/", jun.page.url):
        expect(jun.page.locator(".pay .sheet-row, .ticket").first).to_be_visible()
        if "/checkout" in jun.page.url:
            jun.pay()
    jun.at(r"/tickets/\d+")
    jun.page.reload()
    expect(jun.page.get_by_alt_text("QR code of this ticket")).to_be_visible()
    assert len(seller.call("GET", "/v1/bookings", token=stack.token(jun.name))["items"]) == 1


def test_the_place_survives_closing_the_tab(fan: Callable[..., Fan], seller: Seller, stack: Stack) -> None:
    concert_id = seller.put_on_sale("Closed tab", capacity=1)
    seller.wait_until_admitted(seller.join(concert_id, stack.token("somebody-else")))
    sora = fan("sora-tab")
    sora.sign_in()
    sora.join(concert_id)
    sora.sees("You are next")
    context = sora.page.context
    sora.page.close()
    again = Fan(context.new_page(), stack.url, sora.name)
    again.visit(concert_id)
    again.page.get_by_role("link", name="Back to my place in line").click()
    again.sees("You are next")
    assert seller.call("GET", f"/v1/queues/{concert_id}")["waiting"] == 1


def test_leaving_the_line_gives_the_place_up(fan: Callable[..., Fan], seller: Seller, stack: Stack) -> None:
    concert_id = seller.put_on_sale("Leaving", capacity=1)
    seller.wait_until_admitted(seller.join(concert_id, stack.token("who-stays")))
    hana = fan("hana-leaves")
    hana.come()
    hana.join(concert_id)
    hana.sees("You are next")
    hana.button("Leave the line").click()
    hana.page.get_by_role("dialog").get_by_role("button", name="Leave the line").click()
    hana.sees("You have left the line")
    expect(hana.button("Join the line")).to_be_visible()
