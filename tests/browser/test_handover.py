"""An identity that the seller's own site hands over: by a form, and by a message between windows."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opening
from tests.fixtures.stack import Stack

pytestmark = pytest.mark.browser


def open_shop(page: Page, shop: str, folder: Path, body: str) -> None:
    (folder / "index.html").write_text(f"<!doctype html><title>Shop</title>{body}", encoding="utf-8")
    page.goto(f"{shop}/index.html")


def test_by_a_form(hasty: Stack, shop: str, shop_folder: Path, open_page: Opening) -> None:
    page = open_page()
    identity = hasty.token("form-fan")
    form = f"""<form method="post" action="{hasty.url}/signin/handover"><input name="identity" value="{identity}">
        <input name="return_to" value="/tickets"><button>Go</button></form>"""
    open_shop(page, shop, shop_folder, form)
    page.get_by_role("button", name="Go").click()
    expect(page).to_have_url(f"{hasty.url}/tickets")
    expect(page.get_by_role("heading", name="My points")).to_be_visible()
    assert page.evaluate("JSON.parse(sessionStorage['frontrow.identity.current']).userId") == "form-fan"
    # Neither the identity nor the page that carried it can be gone back to.
    page.go_back()
    expect(page).to_have_url(f"{shop}/index.html")
    assert identity not in (hasty.data_dir / "log").read_text()


def test_by_a_message_between_windows(hasty: Stack, shop: str, shop_folder: Path, open_page: Opening) -> None:
    page = open_page()
    script = f"""<button>Tickets</button><script>
      addEventListener('message', (event) => {{
        if (event.origin !== '{hasty.url}' || event.data?.type !== 'frontrow:ready') return;
        event.source.postMessage({{type: 'frontrow:identity', token: '{hasty.token("window-fan")}'}}, event.origin);
      }});
      document.querySelector('button').onclick = () => open('{hasty.url}/signin?to=/tickets');
    </script>"""
    open_shop(page, shop, shop_folder, script)
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Tickets").click()
    tickets = popup.value
    expect(tickets).to_have_url(f"{hasty.url}/tickets")
    assert tickets.evaluate("JSON.parse(sessionStorage['frontrow.identity.current']).userId") == "window-fan"


def test_a_message_from_elsewhere_is_not_believed(
    hasty: Stack, shop: str, shop_folder: Path, open_page: Opening
) -> None:
    page = open_page()
    page.goto(f"{hasty.url}/signin")
    expect(page.get_by_label("Your name")).to_be_visible()
    # The page's own origin is not among the allowed ones either.
    page.evaluate("token => postMessage({type: 'frontrow:identity', token}, '*')", hasty.token("intruder"))
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.evaluate("sessionStorage['frontrow.identity.current']") is None
    expect(page).to_have_url(f"{hasty.url}/signin")
