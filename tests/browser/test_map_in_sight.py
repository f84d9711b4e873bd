"""What the map says: names of rows and sections, which seats were chosen for the fan, and colours that alarm nobody."""

import colorsys
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from api import pages
from tests.browser.fan import Fan
from tests.browser.seller import Seller

TOKENS = Path(pages.__file__).parent / "static" / "style" / "tokens.css"
READABLE = 10
LEAST_CONTRAST = 4.5
# Hues closer than this to the brand's read as its red.
APART_DEGREES = 40
# What was last written on a canvas: text, place, size, all in CSS pixels.
NOTE_TEXTS = """
  window.written = [];
  const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    window.written = [];
    return clearRect.apply(this, box);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const size = Number(/([\\d.]+)px/.exec(this.font)[1]);
    window.written.push({ text, x, y, size, width: this.measureText(text).width });
    return fillText.apply(this, arguments);
  };
"""
ON_TOP = """({ x, y }) => {
  const canvas = document.querySelector('.map-canvas');
  const box = canvas.getBoundingClientRect();
  return document.elementFromPoint(box.left + x, box.top + y) === canvas;
}"""


def _written(page: Page, pattern: str) -> list[dict[str, Any]]:
    page.wait_for_function("pattern => window.written.some(({text}) => new RegExp(pattern).test(text))", arg=pattern)
    found = page.evaluate("window.written")
    return [one for one in found if re.search(pattern, one["text"])]


def _assert_readable(page: Page, texts: list[dict[str, Any]]) -> None:
    canvas = page.locator(".map-canvas").bounding_box()
    assert canvas is not None
    for text in texts:
        assert text["size"] >= READABLE, text
        assert text["width"] / 2 <= text["x"] <= canvas["width"] - text["width"] / 2, text
        assert 0 < text["y"] < canvas["height"], text


def _looking_at(who: Fan, concert_id: int) -> None:
    who.page.add_init_script(NOTE_TEXTS)
    who.enter(concert_id)
    who.choose_date()


@pytest.mark.browser
def test_rows_and_sections_are_named_where_they_fit(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("reader", "desktop", "ko-KR")
    _looking_at(who, seller.put_on_sale("Small hall"))
    rows = _written(who.page, "열$")
    assert sorted(row["text"] for row in rows) == sorted(["1열", "2열", "3열", "4열"] * 2)
    sections = _written(who.page, "^[RS]$")
    assert [section["text"] for section in sections] == ["R", "S"]
    _assert_readable(who.page, rows + sections)


@pytest.mark.browser
def test_rows_too_close_to_be_named_are_named_at_intervals(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("far-reader", "phone", "ko-KR")
    _looking_at(who, seller.put_on_sale("Large hall", rows=40, seats_per_row=60))
    rows = _written(who.page, "열$")
    _assert_readable(who.page, rows)
    ordered = sorted(row["y"] for row in rows)
    assert len(ordered) > 2
    assert all(below - above >= READABLE for above, below in pairwise(ordered))


@pytest.mark.browser
def test_seats_chosen_for_a_fan_are_brought_into_sight(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("shown", "phone", "ko-KR")
    who.page.set_viewport_size({"width": 390, "height": 600})
    _looking_at(who, seller.put_on_sale("Chosen for me", rows=40, seats_per_row=60))
    who.page.get_by_text("목록에서 고르기").click()
    who.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    who.pick(4)
    chosen = _written(who.page, "✓")
    assert len(chosen) == 4
    who.page.wait_for_function(f"at => at.every({ON_TOP})", arg=chosen)
    # Close by, the ends of the row and the top of the section are out of sight; their names are not.
    beside = [row for row in _written(who.page, "열$") if abs(row["y"] - chosen[0]["y"]) < READABLE]
    assert [row["text"] for row in beside] == ["1열"]
    _assert_readable(who.page, beside + _written(who.page, "^R$"))


@pytest.mark.browser
def test_the_legend_names_the_sections_of_a_price(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("legend")
    _looking_at(who, seller.put_on_sale("Legend"))
    entries = who.page.locator(".legend-price")
    expect(entries).to_have_text([re.compile("^R.*60,000.*48 free$"), re.compile("^S.*30,000.*48 free$")])


def _schemes() -> list[dict[str, tuple[float, ...]]]:
    light, dark = TOKENS.read_text().split("@media")
    return [
        {
            name: tuple(int(value[at : at + 2], 16) / 255 for at in (0, 2, 4))
            for name, value in re.findall(r"--([\w-]+): #(\w{6});", scheme)
        }
        for scheme in (light, dark)
    ]


def _luminance(colour: tuple[float, ...]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_no_price_has_the_colour_of_the_brand_and_every_number_can_be_read_on_it() -> None:
    for scheme in _schemes():
        brand = colorsys.rgb_to_hls(*scheme["accent"])[0] * 360
        for tier in (f"tier-{index}" for index in range(1, 7)):
            hue = colorsys.rgb_to_hls(*scheme[tier])[0] * 360
            apart = abs((hue - brand + 180) % 360 - 180)
            assert apart >= APART_DEGREES, (tier, apart)
            darker, lighter = sorted((_luminance(scheme[tier]), _luminance(scheme["on-tier"])))
            assert (lighter + 0.05) / (darker + 0.05) >= LEAST_CONTRAST, tier
