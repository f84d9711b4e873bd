"""A phone on its side, 400 % zoom, 320 pixels: map and tray stay usable; and a swipe scrolls what it should."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fan import Fan
from tests.browser.seller import Seller

pytestmark = pytest.mark.browser

# Each with how many pixels of the map's height are to be seen at once while four seats are chosen.
SMALL = [(740, 360, 200), (320, 256, 90), (320, 568, 200)]
STEPS = 10
IS_NARROW_ENOUGH = "document.documentElement.scrollWidth <= window.innerWidth"
# How many pixels of the map's height are neither covered nor outside the window.
MAP_IN_SIGHT = """() => {
  const canvas = document.querySelector('.map-canvas');
  canvas.scrollIntoView({ block: 'center' });
  const box = canvas.getBoundingClientRect();
  let free = 0;
  for (let y = Math.ceil(box.top); y < box.bottom; y += 1)
    free += Number(document.elementFromPoint(box.left + box.width / 2, y) === canvas);
  return free;
}"""
# What can be pressed and, brought into sight as the keyboard does it, lies below something else.
COVERED = """() => [...document.querySelectorAll('main a, main button, main select, main summary')]
  .filter((one) => one.checkVisibility())
  .filter((one) => {
    one.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    const { left, top, width, height } = one.getBoundingClientRect();
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    return !(found && one.contains(found));
  })
  .map((one) => one.outerHTML)"""


def _zoomed(page: Page) -> bool:
    return bool(page.evaluate("document.querySelector('.map-canvas').classList.contains('map-zoomed')"))


def _touch(page: Page, *fingers: tuple[int, int]) -> None:
    """Put a finger on the middle of the map for each of `fingers`, and move it by so many pixels aside and down."""
    box = page.locator(".map-canvas").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    session = page.context.new_cdp_session(page)
    for step in range(STEPS + 1):
        points = [{"x": middle[0] + dx * step / STEPS, "y": middle[1] + dy * step / STEPS} for dx, dy in fingers]
        for index, point in enumerate(points):
            # Fingers begin a little apart.
            point |= {"id": index, "x": point["x"] + 20 * index}
        kind = "touchMove" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


@pytest.mark.parametrize(("width", "height", "least"), SMALL)
def test_map_and_tray_share_a_small_window(
    fan: Callable[..., Fan], seller: Seller, width: int, height: int, least: int
) -> None:
    concert_id = seller.put_on_sale("Small window", rows=12, seats_per_row=40)
    who = fan("small")
    who.page.set_viewport_size({"width": width, "height": height})
    who.enter(concert_id)
    who.choose_date()
    assert who.page.evaluate(COVERED) == []
    who.pick(4)
    assert who.page.evaluate(MAP_IN_SIGHT) >= least
    assert who.page.evaluate(COVERED) == []
    who.page.get_by_text("Choose from a list instead").click()
    who.page.get_by_role("button", name="Seat 1, 60,000").click()
    # With a message in the tray it is as tall as it gets.
    expect(who.page.get_by_role("alert")).to_be_in_viewport()
    expect(who.button("Hold and pay")).to_be_in_viewport(ratio=1)
    assert who.page.evaluate(COVERED) == []
    assert who.page.evaluate(IS_NARROW_ENOUGH)
    who.hold()
    who.at("/checkout")


def test_no_page_scrolls_sideways_at_320_pixels(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("A rather long title of a concert that goes on and on")
    who = fan("narrow")
    who.page.set_viewport_size({"width": 320, "height": 568})
    fits: dict[str, bool] = {}

    def measure(step: str) -> None:
        fits[step] = who.page.evaluate(IS_NARROW_ENOUGH)

    who.sign_in()
    measure("programme")
    who.visit(concert_id)
    who.sees("Join the line")
    measure("concert")
    who.join(concert_id)
    who.at("/dates")
    expect(who.page.locator("a.date")).to_have_count(2)
    measure("dates")
    who.choose_date()
    who.pick(4)
    measure("seats")
    who.hold()
    who.sees("Your points")
    measure("checkout")
    who.pay()
    expect(who.page.get_by_alt_text("QR code of this ticket")).to_be_visible()
    measure("ticket")
    who.page.get_by_role("link", name="All my tickets").click()
    who.sees("My points")
    measure("tickets")
    assert [step for step, fit in fits.items() if not fit] == []


def test_a_swipe_over_the_fitted_map_scrolls_the_page(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Swiped", rows=12, seats_per_row=40)
    who = fan("swiper")
    who.page.set_viewport_size({"width": 390, "height": 700})
    who.enter(concert_id)
    who.choose_date()
    assert not _zoomed(who.page)
    _touch(who.page, (0, -120))
    who.page.wait_for_function("() => window.scrollY > 60")
    expect(who.chips).to_have_count(0)
    # Two fingers come closer to the hall, not to the page.
    _touch(who.page, (-60, 0), (60, 0))
    assert _zoomed(who.page)
    assert who.page.evaluate("window.visualViewport.scale") == 1
    before = who.page.evaluate("window.scrollY")
    _touch(who.page, (0, -60))
    assert who.page.evaluate("window.scrollY") == before
    who.page.get_by_role("button", name="Show the whole hall").click()
    assert not _zoomed(who.page)


def test_the_wheel_over_the_fitted_map_scrolls_the_page(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Wheel", rows=12, seats_per_row=40)
    who = fan("wheel", "desktop")
    who.page.set_viewport_size({"width": 1280, "height": 600})
    who.enter(concert_id)
    who.choose_date()
    who.page.locator(".map-canvas").hover()
    who.page.mouse.wheel(0, 100)
    who.page.wait_for_function("() => window.scrollY > 50")
    assert not _zoomed(who.page)
    before = who.page.evaluate("window.scrollY")
    who.page.keyboard.down("Control")
    who.page.mouse.wheel(0, -100)
    who.page.keyboard.up("Control")
    who.page.wait_for_function("() => document.querySelector('.map-canvas').classList.contains('map-zoomed')")
    assert who.page.evaluate("window.scrollY") == before
