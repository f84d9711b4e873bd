"""The system's Chromium against the real service; where a tool is missing, the summary says how to get it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from cli.running_service import running_service
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.browser.shop import serving
from tests.fixtures.stack import Stack

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
# The service tests itself, as root too and where nothing but the machine itself can be reached.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HASTY = {"FRONTROW_HOLD_SECONDS": "4", "FRONTROW_POLL_AFTER_SECONDS": "1"}
SIZES: dict[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 860}}
MISSING = {
    "browser": (CHROMIUM is None, "Chromium", "apt-get install chromium"),
    "axe": (shutil.which("npm") is None, "npm, which brings axe-core", "apt-get install npm"),
}
_left_out: dict[str, int] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for name, (missing, _, _) in MISSING.items():
        unfit = [item for item in items if missing and name in getattr(item, "fixturenames", ())]
        _left_out[name] = len(unfit)
        items[:] = [item for item in items if item not in unfit]
        if unfit:
            config.hook.pytest_deselected(items=unfit)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name, count in _left_out.items():
        if count:
            _, what, how = MISSING[name]
            terminalreporter.section("browser tests left out", yellow=True)
            terminalreporter.line(f"{count} tests did NOT run: {what} is missing. To run them too: {how}", yellow=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of one file; longer, its event loop would be in the way of other tests."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


Opening = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Opening]:
    """Open a page of its own browser profile; whatever goes wrong in a page fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def note(page: Page) -> None:
        page.on("pageerror", lambda error: faults.append(str(error)))
        # What the Content-Security-Policy forbids is told on the console.
        page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)

    def opening(size: str = "phone", locale: str = "en-GB", *, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport=SIZES[size], locale=locale, has_touch=size == "phone", color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        note(page)
        return page

    yield opening
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def seller(stack: Stack) -> Iterator[Seller]:
    with Seller(stack.url, stack.token("seller", operator=True)) as selling:
        yield selling


@pytest.fixture
def fan(stack: Stack, open_page: Opening) -> Callable[..., Fan]:
    """Bring a fan with a browser to the shared service."""

    def bringing(name: str, size: str = "phone", locale: str = "en-GB", *, dark: bool = False) -> Fan:
        # Nobody is known from an earlier run against the same service.
        return Fan(open_page(size, locale, dark=dark), stack.url, f"{name}-{uuid4().hex[:6]}")

    return bringing


@pytest.fixture(scope="session")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="session")
def shop(shop_folder: Path) -> Iterator[str]:
    """The origin of a seller's site, which serves what lies in its folder."""
    with serving(shop_folder) as origin:
        yield origin


@pytest.fixture(scope="session")
def hasty(shop: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A service with short holds and polls, which believes the seller's site."""
    data_dir = tmp_path_factory.mktemp("hasty") / "data"
    with running_service(data_dir, environment={**HASTY, "FRONTROW_HANDOVER_ORIGINS": shop}) as url:
        yield Stack(url, data_dir)


@pytest.fixture
def hasty_seller(hasty: Stack) -> Iterator[Seller]:
    with Seller(hasty.url, hasty.token("seller", operator=True)) as selling:
        yield selling


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, as the npm registry has it."""
    from tests.browser.accessibility import fetch_axe

    return fetch_axe(Path(tmp_path_factory.mktemp("axe")))
