"""WCAG 2.2 AA by axe-core on every page, in both colour schemes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import RULES, violations
from tests.browser.conftest import SIZES, Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.browser.staged_line import StagedLine
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser


def in_both_schemes(page: Page, axe: str) -> list[str]:
    """Every rule in the light scheme; the dark one has other colours and nothing else."""
    # Colours in the midst of a transition are nobody's.
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = violations(page, axe, RULES)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [f"dark: {violation}" for violation in violations(page, axe, ["color-contrast"])]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


def test_no_page_of_the_fans_violates_a_rule(fan: Callable[..., Fan], seller: Seller, stack: Stack, axe: str) -> None:
    concert_id = seller.put_on_sale("Accessible", capacity=1)
    inside = seller.join(concert_id, stack.token("inside-axe"))
    seller.wait_until_admitted(inside)
    who = fan("axe")
    found: dict[str, list[str]] = {}

    def check(step: str) -> None:
        found[step] = in_both_schemes(who.page, axe)

    who.page.goto(f"{stack.url}/tickets")
    who.sees("Sign in to see your tickets")
    check("tickets without a sign-in")
    who.page.goto(f"{stack.url}/nowhere")
    who.sees("There is nothing here")
    check("missing")
    who.page.goto(f"{stack.url}/signin")
    who.sees("Your name")
    check("sign-in")
    who.sign_in()
    check("programme")
    who.visit(concert_id)
    who.sees("Join the line")
    check("concert")
    who.join(concert_id)
    who.sees("You are next")
    check("waiting room")
    seller.done("DELETE", "/v1/queue-tokens/current", None, inside)
    who.at("/dates")
    expect(who.page.locator("a.date")).to_have_count(2)
    check("dates")
    who.choose_date()
    who.pick(2)
    who.page.get_by_text("Choose from a list instead").click()
    check("seats")
    who.hold()
    who.sees("Your points")
    check("checkout")
    who.pay()
    expect(who.page.get_by_alt_text("QR code of this ticket")).to_be_visible()
    check("ticket")
    who.page.get_by_role("link", name="All my tickets").click()
    who.sees("My points")
    check("tickets")
    assert {step: rules for step, rules in found.items() if rules} == {}


def test_a_waiting_room_far_back_violates_no_rule(open_page: Opening, stack: Stack, axe: str) -> None:
    page = open_page()
    line = StagedLine(state="paused")
    line.enter(page, stack.url)
    expect(page.get_by_text("has paused the line")).to_be_visible()
    line.busy["line"] = 1000
    expect(page.get_by_text("this page goes on trying")).to_be_visible()
    assert in_both_schemes(page, axe) == []
    line.busy["line"], line.seconds = 0, 30
    page.reload()
    expect(page.get_by_text("You are still far back")).to_be_visible()
    assert in_both_schemes(page, axe) == []


def test_no_page_of_the_console_violates_a_rule(open_page: Opening, seller: Seller, stack: Stack, axe: str) -> None:
    concert_id = seller.put_on_sale("Console")
    page = open_page("desktop")
    found: dict[str, list[str]] = {}
    page.goto(f"{stack.url}/operator")
    expect(page.get_by_role("button", name="Enter as the demo operator")).to_be_visible()
    found["sign-in"] = in_both_schemes(page, axe)
    page.get_by_role("button", name="Enter as the demo operator").click()
    expect(page.get_by_role("heading", name="What operators did")).to_be_visible()
    found["overview"] = in_both_schemes(page, axe)
    page.get_by_role("link", name="New concert").click()
    expect(page.get_by_label("Title")).to_be_visible()
    found["creation"] = in_both_schemes(page, axe)
    page.goto(f"{stack.url}/operator/concerts/{concert_id}")
    expect(page.locator(".plot")).to_have_count(4)
    expect(page.locator(".map-canvas")).to_be_visible()
    found["desk"] = in_both_schemes(page, axe)
    page.set_viewport_size(SIZES["phone"])
    found["desk on a phone"] = in_both_schemes(page, axe)
    assert {step: rules for step, rules in found.items() if rules} == {}


@pytest.mark.parametrize("path", ["/docs", "/problems/seat_taken"])
def test_the_documentation_violates_no_rule(open_page: Opening, stack: Stack, axe: str, path: str) -> None:
    page = open_page("desktop")
    page.goto(f"{stack.url}{path}")
    expect(page.get_by_role("main")).to_be_visible()
    assert in_both_schemes(page, axe) == []


def test_the_documentation_can_be_read_on_a_phone(open_page: Opening, stack: Stack) -> None:
    page = open_page("phone")
    page.goto(f"{stack.url}/docs")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
