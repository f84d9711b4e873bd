"""Whose ticket it is: the name that the identity claims, shown to the identity alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.fan import Fan
from tests.browser.seller import Seller

pytestmark = pytest.mark.browser


def test_a_ticket_shows_the_name_and_is_shown_to_the_identity_alone(seller: Seller, fan: Callable[..., Fan]) -> None:
    who = fan("김민아")
    who.sign_in()
    who.join(seller.put_on_sale("Whose ticket"))
    who.buy()
    expect(who.page.locator(".ticket-facts")).to_contain_text("김민아")
    # The user id, which the demo made of the name.
    expect(who.page.locator(".ticket-facts")).not_to_contain_text(re.compile("fan-[0-9a-f]"))
    who.page.evaluate("sessionStorage.clear()")
    who.page.goto(f"{who.url}/tickets")
    who.sees("Sign in to see your tickets")
