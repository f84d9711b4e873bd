"""A fan who looks elsewhere is called when the turn comes: when they asked for it, with what their browser allows."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import RULES, violations
from tests.browser.conftest import Opening
from tests.browser.staged_line import CONCERT, StagedLine, until
from tests.fixtures.stack import Stack
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

# What nobody sees or hears in a browser without a screen: which tones began, what was notified, how often it was asked.
NOTE = """
  window.noted = { tones: 0, shown: [], asked: 0, permission: '%s', answer: '%s' };
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...when) {
    window.noted.tones += 1;
    return start.apply(this, when);
  };
  window.Notification = class {
    constructor(title, { body }) {
      if (window.noted.permission !== 'granted') throw new TypeError('Illegal constructor');
      window.noted.shown.push([title, body]);
    }
    static get permission() {
      return window.noted.permission;
    }
    static async requestPermission() {
      window.noted.asked += 1;
      if (window.noted.answer === 'none') await new Promise(() => {});
      window.noted.permission = window.noted.answer;
      return window.noted.permission;
    }
    close() {}
  };
"""
NO_SOUND = "delete window.AudioContext; delete window.webkitAudioContext;"
NO_NOTIFICATION = "delete window.Notification;"
NAME = re.compile("Call me when it is my turn|차례가 되면 알려 주세요")


def _noted(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("window.noted")
    return found


def _waiting(page: Page, stack: Stack, permission: str = "default", answer: str = "granted") -> StagedLine:
    page.add_init_script(NOTE % (permission, answer))
    line = StagedLine(place=5, position=5, watch="token")
    line.enter(page, stack.url)
    expect(page.locator(".position")).to_have_text("5")
    return line


def _switch(page: Page) -> Locator:
    return page.get_by_role("switch", name=NAME)


def _let_in(page: Page, line: StagedLine) -> None:
    line.status = "active"
    expect(page).to_have_url(re.compile(f"/concerts/{CONCERT}/dates"))


def test_nobody_is_asked_or_called_who_did_not_press(open_page: Opening, stack: Stack) -> None:
    page = open_page()
    line = _waiting(page, stack, permission="granted")
    expect(_switch(page)).to_have_attribute("aria-checked", "false")
    _let_in(page, line)
    assert _noted(page) | {"tones": 0, "shown": [], "asked": 0} == _noted(page)


@pytest.mark.parametrize(
    ("locale", "told", "turn"),
    [
        ("en-GB", "hear this sound and see a notification", "It is your turn!"),
        ("ko-KR", "소리와 알림", "내 차례입니다!"),
    ],
)
def test_who_pressed_is_asked_once_and_called(
    open_page: Opening, stack: Stack, locale: str, told: str, turn: str
) -> None:
    page = open_page(locale=locale)
    line = _waiting(page, stack)
    _switch(page).click()
    expect(_switch(page)).to_have_attribute("aria-checked", "true")
    expect(page.locator(".call")).to_contain_text(told)
    before = _noted(page)
    assert (before["asked"], before["tones"], len(before["shown"])) == (1, 3, 1)
    # The language may be changed meanwhile; the wish stays.
    spoken = locale[:2]
    for other in ({"en", "ko"} - {spoken}).pop(), spoken:
        page.locator(f"nav button[lang={other}]").click()
        expect(page.locator("html")).to_have_attribute("lang", other)
    expect(_switch(page)).to_have_attribute("aria-checked", "true")
    _let_in(page, line)
    until(page, lambda: _noted(page)["tones"] > before["tones"])
    title, body = _noted(page)["shown"][-1]
    assert title == turn
    assert body.startswith("Staged: ")
    assert _noted(page)["asked"] == 1


def test_a_second_press_takes_the_wish_back(open_page: Opening, stack: Stack) -> None:
    page = open_page()
    line = _waiting(page, stack)
    _switch(page).click()
    expect(_switch(page)).to_have_attribute("aria-checked", "true")
    before = _noted(page)
    _switch(page).click()
    expect(_switch(page)).to_have_attribute("aria-checked", "false")
    _let_in(page, line)
    assert _noted(page) == before


@pytest.mark.parametrize(
    ("missing", "answer", "told"),
    [
        ("", "denied", "this browser shows no notification"),
        (NO_NOTIFICATION, "denied", "this browser shows no notification"),
        (NO_SOUND, "granted", "this browser plays no sound"),
        (NO_SOUND, "denied", "neither a sound nor a notification"),
    ],
)
def test_what_a_browser_does_not_allow_is_told_and_done_without(
    open_page: Opening, stack: Stack, missing: str, answer: str, told: str
) -> None:
    page = open_page()
    line = _waiting(page, stack, answer=answer)
    page.evaluate(missing)
    _switch(page).click()
    expect(page.locator(".call")).to_contain_text(told)
    expect(_switch(page)).to_have_attribute("aria-checked", str("neither" not in told).lower())
    _let_in(page, line)


def test_a_browser_that_can_call_nobody_offers_nothing(open_page: Opening, stack: Stack) -> None:
    page = open_page()
    page.add_init_script(NO_SOUND)
    _waiting(page, stack, permission="denied")
    expect(_switch(page)).to_have_count(0)


def test_the_switch_violates_no_rule_in_both_states(open_page: Opening, stack: Stack, axe: str) -> None:
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    _waiting(page, stack)
    assert violations(page, axe, RULES) == []
    _switch(page).click()
    expect(_switch(page)).to_have_attribute("aria-checked", "true")
    assert violations(page, axe, RULES) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert violations(page, axe, ["color-contrast"]) == []


def test_a_question_that_stands_unanswered_does_not_keep_the_sound_back(open_page: Opening, stack: Stack) -> None:
    page = open_page()
    line = _waiting(page, stack, answer="none")
    _switch(page).click()
    expect(_switch(page)).to_have_attribute("aria-checked", "true")
    heard = _noted(page)["tones"]
    _let_in(page, line)
    wait_for(lambda: _noted(page)["tones"] > heard)
    assert _noted(page)["shown"] == []
