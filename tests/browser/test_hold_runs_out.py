"""A hold that nobody pays for, in a service whose holds are short."""

import pytest

from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser


def test_the_seats_go_back_and_the_fan_is_told(hasty: Stack, hasty_seller: Seller, open_page: Opening) -> None:
    seller = hasty_seller
    concert_id = seller.put_on_sale("Short hold", rows=1, seats_per_row=2)
    slow, next_one = Fan(open_page(), hasty.url, "slow"), Fan(open_page("desktop"), hasty.url, "next-one")
    slow.enter(concert_id)
    slow.choose_date()
    slow.pick(2)
    slow.hold()
    slow.at("/checkout")
    slow.sees("Held for you for")
    slow.sees("The hold has run out")
    slow.sees("nothing was paid")

    next_one.enter(concert_id)
    next_one.choose_date()
    next_one.sees("2 free")
    next_one.pick(2)
    slow.page.get_by_role("link", name="Choose again").click()
    slow.at("/dates")
    assert seller.call("GET", f"/v1/operator/concerts/{concert_id}/stats")["seats_sold"] == 0
