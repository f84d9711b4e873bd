"""An identity that the seller's own site hands over: by a form, and by a message between windows."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cli.running_service import running_service
from tests.browser.conftest import Opening
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser


class QuietShop(SimpleHTTPRequestHandler):
    """Serves the seller's page, without a line for each request."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="module")
def shop(shop_folder: Path) -> Iterator[str]:
    """The origin of a seller's site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietShop, directory=str(shop_folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def believing(shop: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A service that believes the seller's site."""
    data_dir = tmp_path_factory.mktemp("believing") / "data"
    with running_service(data_dir, environment={"FRONTROW_HANDOVER_ORIGINS": shop}) as url:
        yield Stack(url, data_dir)


def open_shop(page: Page, shop: str, folder: Path, body: str) -> None:
    (folder / "index.html").write_text(f"<!doctype html><title>Shop</title>{body}", encoding="utf-8")
    page.goto(f"{shop}/index.html")


def test_by_a_form(believing: Stack, shop: str, shop_folder: Path, open_page: Opening) -> None:
    page = open_page()
    identity = believing.token("form-fan")
    form = f"""<form method="post" action="{believing.url}/signin/handover"><input name="identity" value="{identity}">
        <input name="return_to" value="/tickets"><button>Go</button></form>"""
    open_shop(page, shop, shop_folder, form)
    page.get_by_role("button", name="Go").click()
    expect(page).to_have_url(f"{believing.url}/tickets")
    expect(page.get_by_role("heading", name="My points")).to_be_visible()
    assert page.evaluate("JSON.parse(sessionStorage['frontrow.identity.current']).userId") == "form-fan"
    # Neither the identity nor the page that carried it can be gone back to.
    page.go_back()
    expect(page).to_have_url(f"{shop}/index.html")
    assert identity not in (believing.data_dir / "log").read_text()


def test_by_a_message_between_windows(believing: Stack, shop: str, shop_folder: Path, open_page: Opening) -> None:
    page = open_page()
    script = f"""<button>Tickets</button><script>
      addEventListener('message', (event) => {{
        if (event.origin !== '{believing.url}' || event.data?.type !== 'frontrow:ready') return;
        event.source.postMessage({{type: 'frontrow:identity', token: '{believing.token("window-fan")}'}}, event.origin);
      }});
      document.querySelector('button').onclick = () => open('{believing.url}/signin?to=/tickets');
    </script>"""
    open_shop(page, shop, shop_folder, script)
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Tickets").click()
    tickets = popup.value
    expect(tickets).to_have_url(f"{believing.url}/tickets")
    assert tickets.evaluate("JSON.parse(sessionStorage['frontrow.identity.current']).userId") == "window-fan"


def test_a_message_from_elsewhere_is_not_believed(
    believing: Stack, shop: str, shop_folder: Path, open_page: Opening
) -> None:
    page = open_page()
    page.goto(f"{believing.url}/signin")
    expect(page.get_by_label("Your name")).to_be_visible()
    # The page's own origin is not among the allowed ones either.
    page.evaluate("token => postMessage({type: 'frontrow:identity', token}, '*')", believing.token("intruder"))
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.evaluate("sessionStorage['frontrow.identity.current']") is None
    expect(page).to_have_url(f"{believing.url}/signin")
