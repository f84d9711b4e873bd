"""Whom the waiting room asks: the public line while the turn is far, the service about the token when it matters."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opening
from tests.browser.staged_line import CONCERT, PLACE, StagedLine, until
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser

SEE_AGAIN = """() => {
  Object.defineProperty(document, 'hidden', { value: false, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture
def page(open_page: Opening) -> Page:
    return open_page()


def looks(page: Page, line: StagedLine, count: int) -> None:
    """Wait until the page has looked at the line `count` times more."""
    already = line.count("line")
    until(page, lambda: line.count("line") >= already + count)


def shows(page: Page, position: str) -> None:
    expect(page.locator(".position")).to_have_text(position, timeout=15_000)


def test_far_back_only_the_line_is_looked_at(page: Page, stack: Stack) -> None:
    line = StagedLine()
    line.enter(page, stack.url)
    shows(page, "1,000")
    line.serving = 250
    shows(page, "750")
    expect(page.locator(".ahead")).to_have_text("749 people are ahead of you")
    expect(page.locator(".estimate")).to_have_text("Estimated wait: about 8 minutes")
    expect(page).to_have_title(re.compile(r"^\(750\)"))
    looks(page, line, 5)
    assert line.count("token") == 1


def test_the_position_never_grows_when_an_older_line_is_told(page: Page, stack: Stack) -> None:
    line = StagedLine(position=990)
    line.enter(page, stack.url)
    shows(page, "990")
    line.serving = 300
    shows(page, "700")
    line.serving = 200
    looks(page, line, 3)
    shows(page, "700")
    expect(page.locator(".estimate")).to_have_text("Estimated wait: about 7 minutes")
    # Neither when the token tells a little more than the line did.
    line.position, line.serving = 600, 500
    until(page, lambda: line.count("token") == 2)
    looks(page, line, 2)
    shows(page, "500")


def test_each_halving_asks_with_the_token_once(page: Page, stack: Stack) -> None:
    line = StagedLine()
    line.enter(page, stack.url)
    shows(page, "1,000")
    for step, serving in enumerate((499, 749), start=1):
        line.serving = serving
        shows(page, str(1000 - serving))
        looks(page, line, 3)
        assert line.count("token") == step
        line.serving, line.position = serving + 1, 1000 - serving - 1
        until(page, lambda step=step: line.count("token") == step + 1)  # type: ignore[misc]
        looks(page, line, 3)
        assert line.count("token") == step + 1


def test_the_turn_comes_when_the_line_has_reached_the_place(page: Page, stack: Stack) -> None:
    line = StagedLine()
    line.enter(page, stack.url)
    shows(page, "1,000")
    line.serving, line.status = 1000, "active"
    expect(page).to_have_url(re.compile(f"/concerts/{CONCERT}/dates"), timeout=15_000)
    assert line.count("token") <= 3  # The last one is the strip's above the dates.


def test_a_pause_is_seen_in_the_line_and_told_with_the_token(page: Page, stack: Stack) -> None:
    line = StagedLine()
    line.enter(page, stack.url)
    shows(page, "1,000")
    line.state, line.estimate = "paused", None
    expect(page.get_by_text("The organiser has paused the line")).to_be_visible(timeout=15_000)
    expect(page.locator(".estimate")).to_have_text("Estimated wait: no estimate yet")
    looks(page, line, 3)
    assert line.count("token") == 2
    line.state = "open"
    expect(page.get_by_text("The organiser has paused the line")).to_be_hidden(timeout=15_000)
    assert line.count("token") == 3


def test_the_token_is_asked_every_three_minutes_however_still_the_line_stands(page: Page, stack: Stack) -> None:
    page.clock.install()
    line = StagedLine()
    line.enter(page, stack.url)
    shows(page, "1,000")
    page.clock.fast_forward(170_000)
    looks(page, line, 3)
    assert line.count("token") == 1
    page.clock.fast_forward(11_000)
    until(page, lambda: line.count("token") == 2)
    looks(page, line, 3)
    assert line.count("token") == 2


def test_a_page_that_is_seen_again_asks_at_once_but_not_again_and_again(page: Page, stack: Stack) -> None:
    page.clock.install()
    line = StagedLine(seconds=30)
    line.enter(page, stack.url)
    until(page, lambda: line.asked == ["token", "line"])
    page.evaluate(SEE_AGAIN)
    page.wait_for_timeout(300)
    assert line.asked == ["token", "line"]
    page.clock.fast_forward(31_000)
    page.evaluate(SEE_AGAIN)
    until(page, lambda: line.asked == ["token", "line", "line", "token"])
    page.evaluate(SEE_AGAIN)
    page.wait_for_timeout(300)
    assert line.count("token") == 2


def test_the_network_that_is_back_is_a_reason_to_ask_with_the_token(page: Page, stack: Stack) -> None:
    line = StagedLine(seconds=30)
    line.enter(page, stack.url)
    until(page, lambda: line.asked == ["token", "line"])
    page.context.set_offline(True)
    page.wait_for_function("!navigator.onLine")
    page.context.set_offline(False)
    until(page, lambda: line.asked == ["token", "line", "line", "token"])


@pytest.mark.parametrize(
    "missing",
    [{"watch": None}, {"watch": "token"}, {"place": None}, {"serving": None}, {"line_status": 404}],
    ids=lambda missing: next(iter(missing)),
)
def test_what_the_line_cannot_tell_is_asked_with_the_token(page: Page, stack: Stack, missing: dict[str, Any]) -> None:
    line = StagedLine(**missing)
    line.enter(page, stack.url)
    for position in (900, 800, 700):
        line.position = position
        shows(page, str(position))
    # A look at the line now and then is enough to see that it is paused.
    assert line.count("token") >= 3
    assert line.count("line") <= 2
    line.status = "active"
    expect(page).to_have_url(re.compile("/dates"), timeout=15_000)


def test_two_tabs_of_one_fan_agree(page: Page, stack: Stack) -> None:
    line = StagedLine()
    line.enter(page, stack.url)
    other = page.context.new_page()
    other.goto(page.url)
    line.serving = 400
    for tab in (page, other):
        shows(tab, "600")
    assert line.count("token") == 2
    line.serving, line.status = 1000, "active"
    for tab in (page, other):
        expect(tab).to_have_url(re.compile("/dates"), timeout=15_000)


def test_a_place_given_up_in_one_tab_is_given_up_in_the_other(page: Page, stack: Stack) -> None:
    line = StagedLine()
    line.enter(page, stack.url)
    shows(page, "1,000")
    page.evaluate(f"localStorage.removeItem('{PLACE}')")
    expect(page).to_have_url(re.compile(rf"/concerts/{CONCERT}$"), timeout=15_000)


@pytest.mark.parametrize(
    ("locale", "far", "steady", "near"),
    [
        (
            "en-GB",
            "still far back: this page looks about every 30 sec",
            "every 10 seconds, and more",
            "Your turn is near",
        ),
        ("ko-KR", "순서가 많이 남아 약 30초마다", "약 10초마다 확인하고", "곧 차례가 됩니다"),
    ],
)
def test_the_page_says_how_often_it_looks(
    open_page: Opening, stack: Stack, locale: str, far: str, steady: str, near: str
) -> None:
    page = open_page(locale=locale)
    line = StagedLine(seconds=30)
    line.enter(page, stack.url)
    pace = page.locator(".pace")
    expect(pace).to_contain_text(far)
    line.seconds, line.estimate = 9, 80
    page.reload()
    expect(pace).to_contain_text(steady)
    line.seconds, line.estimate, line.watch = 3, 25, "token"
    page.reload()
    expect(pace).to_contain_text(near)
    # Nothing is said where an ordinary service says nothing; and it is read when the fan reads it, not by itself.
    line.seconds, line.estimate = 5, 400
    page.reload()
    expect(page.locator(".estimate")).to_contain_text("7")
    expect(pace).to_be_empty()
    assert pace.evaluate("element => element.closest('[aria-live], [role=status], [role=alert]')") is None


RULE = """async () => {
  const { module } = document.querySelector('script[data-module]').dataset;
  const address = module.replace('/index.js', '/fan/watch.js');
  const { Watch } = await import(address);
  const token = { status: 'waiting', watch: 'queue', place: 1000, position: 990, estimated_wait_seconds: 600 };
  const started = (over = {}) => {
    const watch = new Watch();
    watch.sawToken({ ...token, ...over }, 30, 1_000_000);
    watch.sawLine({ serving_number: 0, state: 'open' }, 1_000_000);
    return watch;
  };
  const after = (serving, state = 'open', now = 1_030_000) => {
    const watch = started();
    watch.sawLine({ serving_number: serving, state }, now);
    return watch.tokenIsDue(now);
  };
  const back = started();
  back.doubt();
  const behind = started({ place: 0 });
  const withLine = (line) => {
    const watch = started();
    watch.sawLine({ state: 'open', serving_number: 100, waiting: 1800, ...line }, 1_030_000);
    return watch;
  };
  return {
    asTold: withLine({ estimated_wait_seconds: null }).standing.poll_after_seconds,
    slowLine: withLine({ estimated_wait_seconds: 3600 }).standing.poll_after_seconds,
    quickLine: withLine({ estimated_wait_seconds: 200 }).standing.poll_after_seconds,
    veryQuickLine: withLine({ estimated_wait_seconds: 12 }).standing.poll_after_seconds,
    farOff: withLine({ estimated_wait_seconds: 12 }).tokenIsDue(1_030_000),
    near: withLine({ estimated_wait_seconds: 9 }).tokenIsDue(1_030_000),
    nothingKnown: new Watch().tokenIsDue(0),
    unchanged: after(0),
    notHalf: after(499),
    half: after(500),
    reached: after(1000),
    paused: after(0, 'paused'),
    almostThreeMinutes: after(0, 'open', 1_179_999),
    threeMinutes: after(0, 'open', 1_180_000),
    clockPutBack: after(0, 'open', 900_000),
    doubted: back.tokenIsDue(1_001_000),
    behind: behind.tokenIsDue(1_001_000),
    leastPosition: behind.standing.position,
    active: started({ status: 'active', position: null }).follows,
    noEstimate: started({ estimated_wait_seconds: null }).standing.estimated_wait_seconds,
    stale: [started().isStale(1_029_999), started().isStale(1_030_000)],
  };
}"""


def test_the_rule_itself(page: Page, stack: Stack) -> None:
    page.goto(stack.url)
    assert page.evaluate(RULE) == {
        "asTold": 30,
        "slowLine": 30,
        "quickLine": 10,
        "veryQuickLine": 2,
        "farOff": False,
        "near": True,
        "nothingKnown": True,
        "unchanged": False,
        "notHalf": False,
        "half": True,
        "reached": True,
        "paused": True,
        "almostThreeMinutes": False,
        "threeMinutes": True,
        "clockPutBack": True,
        "doubted": True,
        "behind": True,
        "leastPosition": 1,
        "active": False,
        "noEstimate": None,
        "stale": [False, True],
    }
