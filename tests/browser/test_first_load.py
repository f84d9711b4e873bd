"""The first load: few requests, and what is lost on the way is fetched again or said, never a blank page."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from api import pages
from api.pages import bundle
from tests.fixtures.stack import Stack
from tests.waiting import wait_for

STATIC = Path(pages.__file__).parent / "static"
# The shell, its module, its style sheet, the words, the icon, and what the programme asks of the API.
MOST_REQUESTS = 10


@pytest.fixture
def fan_page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def lose(page: Page, pattern: str, times: int) -> list[str]:
    """Let the first so many requests for matching addresses be lost; return what was asked for."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) <= times:
            route.abort()
        else:
            route.continue_()

    page.route(re.compile(pattern), answer)
    return asked


def test_a_first_load_takes_few_requests(fan_page: Page, stack: Stack) -> None:
    asked: list[str] = []
    fan_page.on("request", lambda request: asked.append(request.url))
    fan_page.goto(stack.url)
    expect(fan_page.get_by_role("heading", level=1)).to_be_visible()
    assert len(asked) == len(set(asked))
    assert len(asked) <= MOST_REQUESTS, asked


@pytest.mark.parametrize("path", ["/", "/operator"])
def test_a_lost_module_is_fetched_again(fan_page: Page, stack: Stack, path: str) -> None:
    asked = lose(fan_page, r"/pages/[^/]+/(index|operator)\.js", 2)
    fan_page.goto(stack.url + path)
    expect(fan_page.locator("header.top")).to_be_visible()
    assert re.search(r"\?again=\d$", asked[-1])


def test_lost_words_are_fetched_again(fan_page: Page, stack: Stack) -> None:
    lose(fan_page, r"/words/\w+\.json", 1)
    fan_page.goto(stack.url)
    expect(fan_page.locator("header.top")).to_be_visible()
    expect(fan_page.locator("footer")).to_contain_text(re.compile(r"\w+ \w+"))


def test_a_lost_style_sheet_is_fetched_again(fan_page: Page, stack: Stack) -> None:
    asked = lose(fan_page, r"/index\.css", 1)
    fan_page.goto(stack.url)
    expect(fan_page.locator("header.top")).to_have_css("display", "flex")
    assert len(asked) == 2


def test_a_page_that_cannot_be_had_says_so_and_can_be_tried_again(fan_page: Page, stack: Stack) -> None:
    fan_page.clock.install()
    asked = lose(fan_page, r"/index\.js", 99)
    fan_page.goto(stack.url)
    told = fan_page.get_by_role("status")
    expect(told).to_contain_text("trying again")
    wait_for(lambda: fan_page.clock.run_for(3_000) or "could not" in (told.text_content() or ""))
    expect(told).to_contain_text("could not be loaded. · 페이지를 불러오지 못했습니다.")
    assert [address.partition("?")[2] for address in asked[-3:]] == ["again=1", "again=2", "again=3"]
    fan_page.unroute_all()
    fan_page.get_by_role("button", name="Try again").click()
    expect(fan_page.locator("header.top")).to_be_visible()


def hold_back(page: Page, pattern: str) -> list[Route]:
    """Let the first request for a matching address hang; return it, to be let go."""
    held: list[Route] = []

    def answer(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(re.compile(pattern), answer)
    return held


def test_a_module_that_hangs_is_fetched_again_and_takes_effect_once(fan_page: Page, stack: Stack) -> None:
    fan_page.clock.install()
    held = hold_back(fan_page, r"/index\.js")
    # The `load` event waits for what was announced ahead.
    fan_page.goto(stack.url, wait_until="commit")
    wait_for(lambda: fan_page.clock.run_for(3_000) or fan_page.locator("header.top").count() == 1)
    fan_page.evaluate("document.querySelector('header.top').dataset.first = 'yes'")
    with fan_page.expect_event("requestfinished", lambda request: request.url.endswith("/index.js")):
        held[0].continue_()
    fan_page.clock.run_for(1_000)
    expect(fan_page.locator("header.top[data-first=yes]")).to_have_count(1)


def test_a_style_sheet_that_hangs_does_not_keep_the_page_back(fan_page: Page, stack: Stack) -> None:
    fan_page.clock.install()
    held = hold_back(fan_page, r"/index\.css")
    fan_page.goto(stack.url, wait_until="commit")
    wait_for(lambda: fan_page.clock.run_for(3_000) or fan_page.locator("link[href*='again=1']").count() == 1)
    expect(fan_page.locator("header.top")).to_have_css("display", "flex")
    assert len(held) == 1


def _bundled(**sources: str) -> str:
    return bundle.script({f"{name}.js": text for name, text in sources.items()}, "entry.js", "./")


def test_a_bundle_holds_each_module_once_and_after_what_it_imports() -> None:
    found = _bundled(
        entry="import { a } from './one.js';\nimport { b as c } from './two.js';\na(c);\n",
        one="import { b } from './two.js';\nexport const a = () => b;\n",
        two="export async function b() {}\n",
    )
    assert re.findall(r"^// (\w+)\.js$", found, re.MULTILINE) == ["two", "one", "entry"]
    assert "const { b: c } = $module0;" in found
    assert not re.search(r"^(import|export)\b", found, re.MULTILINE)


@pytest.mark.parametrize(
    "text", ["export default 1;\n", "import x from './one.js';\n", "export * from './one.js';\n", "export let x = 1;\n"]
)
def test_a_form_that_the_bundle_does_not_know_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="does not know this form"):
        _bundled(entry=text, one="")


def test_modules_that_import_each_other_in_a_circle_are_refused() -> None:
    with pytest.raises(ValueError, match="circle"):
        _bundled(entry="import { a } from './one.js';\n", one="import { b } from './entry.js';\nexport const a = 1;\n")
