"""Choosing seats: a race for one, the keyboard, the list, the limit, and a hall of ten thousand."""

import re
from collections.abc import Callable
from statistics import median

import pytest
from playwright.sync_api import expect

from tests.browser.fan import Fan
from tests.browser.seller import Seller

pytestmark = pytest.mark.browser


def choose_from_list(who: Fan, row: int, number: int) -> None:
    if not who.page.locator(".seat-list[open]").count():
        who.page.get_by_text("Choose from a list instead").click()
    who.page.get_by_label("Row", exact=True).select_option(str(row))
    who.page.get_by_role("button", name=re.compile(rf"^Seat {number},")).click()


def test_two_fans_race_for_one_seat(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Race")
    first, second = fan("racer-one", "desktop"), fan("racer-two")
    for racer in (first, second):
        racer.enter(concert_id)
        racer.choose_date()
        choose_from_list(racer, row=2, number=5)
    first.hold()
    second.hold()
    first.at("/checkout")
    second.sees("Somebody was a moment faster")
    expect(second.page.get_by_role("button", name="Seat 5, taken")).to_be_visible()
    second.button("^Take R, row 2: [46] instead").click()
    expect(second.chips).to_have_count(1)
    second.hold()
    second.at("/checkout")


def test_a_seat_that_others_take_turns_grey_while_looking(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Grey")
    looker, other = fan("looker"), fan("other")
    looker.enter(concert_id)
    looker.choose_date()
    choose_from_list(looker, row=1, number=3)
    other.enter(concert_id)
    other.choose_date()
    choose_from_list(other, row=1, number=3)
    other.hold()
    other.at("/checkout")
    # Nothing is pressed: the map finds out by itself, gives the seat up and offers another.
    looker.sees("Somebody was a moment faster")
    expect(looker.chips).to_have_count(0)


def test_the_map_by_keyboard(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Keys")
    who = fan("keys", "desktop")
    who.enter(concert_id)
    who.choose_date()
    spoken = who.page.locator("body > [role=status]")
    who.page.get_by_role("link", name="Another date").focus()
    while not who.map.evaluate("map => map === document.activeElement"):
        who.page.keyboard.press("Tab")
    expect(spoken).to_have_text("R, row 1, seat 1, 60,000 points")
    who.page.keyboard.press("ArrowRight")
    expect(spoken).to_have_text("R, row 1, seat 2, 60,000 points")
    who.page.keyboard.press("ArrowDown")
    expect(spoken).to_have_text("R, row 2, seat 2, 60,000 points")
    who.page.keyboard.press("Enter")
    expect(spoken).to_have_text(re.compile("^Chosen: R, row 2, seat 2"))
    expect(who.chips).to_have_text(re.compile("R, row 2, seat 2"))


def test_a_tap_first_comes_closer_then_chooses(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Taps", rows=12, seats_per_row=40)
    who = fan("taps")
    who.enter(concert_id)
    who.choose_date()
    box = who.page.locator(".map-canvas").bounding_box()
    assert box is not None
    # In the midst of the front section, beside its aisle.
    seat = (box["x"] + box["width"] / 2 + 20, box["y"] + box["height"] * 0.32)
    who.page.touchscreen.tap(*seat)
    expect(who.chips).to_have_count(0)
    who.page.touchscreen.tap(*seat)
    expect(who.chips).to_have_count(1)


def test_five_seats_are_one_too_many(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Five")
    who = fan("five")
    who.enter(concert_id)
    who.choose_date()
    who.pick(4)
    choose_from_list(who, row=4, number=1)
    who.sees("You can have up to 4 seats")
    expect(who.chips).to_have_count(4)


def test_ten_thousand_seats_stay_smooth(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Arena", rows=50, seats_per_row=100)
    who = fan("arena", "desktop")
    who.enter(concert_id)
    who.choose_date()
    expect(who.page.locator(".map-canvas")).to_be_visible(timeout=20_000)
    frames = who.page.evaluate(MOVE_ABOUT)
    # A frame has 16.7 ms; drawing without a graphics card on a busy machine gets three times that.
    assert median(frames) < 50, frames


MOVE_ABOUT = """async () => {
  const canvas = document.querySelector('.map-canvas');
  const box = canvas.getBoundingClientRect();
  const frames = [];
  let before = performance.now();
  for (let step = 0; step < 60; step += 1) {
    const at = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 };
    const by = { ctrlKey: true, deltaY: step < 30 ? -10 : 10 };
    canvas.dispatchEvent(new WheelEvent('wheel', { ...at, ...by, cancelable: true }));
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - before);
    before = now;
  }
  return frames;
}"""
