"""Tickets that were seen open without a network: for who saw them alone, and told to be what was last seen."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

NO_ROOM = """const { setItem } = Storage.prototype;
Storage.prototype.setItem = function (key, value) {
  if (key.startsWith('frontrow.ticket.')) throw new DOMException('no room', 'QuotaExceededError');
  return setItem.call(this, key, value);
};"""
KEPT = "Object.keys(sessionStorage).filter((key) => key.startsWith('frontrow.ticket.'))"
CODE = "QR code of this ticket"
LAST_SEEN = re.compile(r"as the service last told this device, \w{3}, .* \d+:\d\d")


def _bought_by(who: Fan, concert_id: int) -> str:
    """Buy one seat, look at the ticket, and go to the programme; return the path of the ticket."""
    who.join(concert_id)
    who.buy()
    expect(who.page.get_by_alt_text(CODE)).to_be_visible()
    path = who.page.evaluate("location.pathname")
    _home(who)
    return str(path)


def _home(who: Fan) -> None:
    who.page.get_by_role("link", name="frontrow").first.click()
    expect(who.page.locator(".cards")).to_be_visible()


def _to_tickets(who: Fan) -> None:
    who.page.get_by_role("link", name="My tickets").first.click()


def test_a_ticket_once_seen_opens_offline_and_says_when_it_was_seen(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("offline")
    who.sign_in()
    path = _bought_by(who, seller.put_on_sale("Underground"))
    who.page.context.set_offline(True)
    _to_tickets(who)
    expect(who.page.locator("main")).to_contain_text(LAST_SEEN)
    who.page.locator(f".card-row[href='{path}']").click()
    expect(who.page.locator(".ticket")).to_contain_text("Underground")
    expect(who.page.get_by_alt_text(CODE)).to_be_visible()
    assert who.page.get_by_alt_text(CODE).evaluate("code => code.decode().then(() => code.naturalWidth)") > 0
    expect(who.page.locator("main")).to_contain_text(LAST_SEEN)
    who.sees("You are offline")
    who.page.context.set_offline(False)
    # What the service says now takes the place of what was kept.
    expect(who.page.locator("main")).not_to_contain_text(LAST_SEEN)
    expect(who.page.get_by_alt_text(CODE)).to_be_visible()


def test_a_ticket_that_was_refunded_meanwhile_is_kept_no_longer(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("refunded")
    who.sign_in()
    path = _bought_by(who, seller.put_on_sale("Given back"))
    assert len(who.page.evaluate(KEPT)) == 2
    booking = seller.call("GET", f"/v1/operator/fans/{who.name}")["bookings"][0]
    seller.done("POST", f"/v1/operator/payments/{booking['payment_id']}/refund", None, seller.token)
    _to_tickets(who)
    who.sees("No tickets yet")
    assert len(who.page.evaluate(KEPT)) == 1
    _home(who)
    who.page.context.set_offline(True)
    _to_tickets(who)
    expect(who.page.locator("main")).to_contain_text(LAST_SEEN)
    expect(who.page.locator(f"[href='{path}']")).to_have_count(0)


def test_nobody_else_sees_a_kept_ticket(fan: Callable[..., Fan], seller: Seller) -> None:
    annie = fan("annie")
    annie.sign_in()
    path = _bought_by(annie, seller.put_on_sale("Annie's evening"))
    assert len(annie.page.evaluate(KEPT)) == 2
    # Bobby comes to the same browser; Annie's tab stays open.
    bobby = Fan(annie.page.context.new_page(), annie.url, f"bobby-{annie.name}")
    bobby.sign_in()
    assert bobby.page.evaluate(KEPT) == []
    annie.page.context.set_offline(True)
    _to_tickets(bobby)
    bobby.sees("You are offline")
    expect(bobby.page.locator(f"[href='{path}']")).to_have_count(0)


def test_signing_out_leaves_no_ticket_behind(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("leaver")
    who.sign_in()
    _bought_by(who, seller.put_on_sale("Gone"))
    who.page.get_by_role("button", name=re.compile("sign out")).click()
    who.page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(who.page.get_by_role("link", name="Sign in").first).to_be_visible()
    assert who.page.evaluate(KEPT) == []


def test_where_there_is_no_room_to_keep_a_ticket_it_is_shown_all_the_same(
    fan: Callable[..., Fan], seller: Seller
) -> None:
    who = fan("full")
    who.page.add_init_script(NO_ROOM)
    who.sign_in()
    _bought_by(who, seller.put_on_sale("Full phone"))
    assert who.page.evaluate(KEPT) == []
    who.page.context.set_offline(True)
    _to_tickets(who)
    who.sees("You are offline")
    expect(who.page.locator("main")).not_to_contain_text(LAST_SEEN)


def test_a_tab_that_is_loaded_again_at_the_door_opens_its_ticket(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("reloads")
    who.sign_in()
    path = _bought_by(who, seller.put_on_sale("Reloaded"))
    who.page.goto(f"{who.url}{path}")
    expect(who.page.get_by_alt_text(CODE)).to_be_visible()
    active = "navigator.serviceWorker.getRegistration('/tickets').then((found) => found?.active?.state)"
    wait_for(lambda: who.page.evaluate(active) == "activated")
    who.page.context.set_offline(True)
    for _ in range(2):
        who.page.reload()
        expect(who.page.locator(".ticket")).to_contain_text("Reloaded")
        expect(who.page.get_by_alt_text(CODE)).to_be_visible()
        expect(who.page.locator("main")).to_contain_text(LAST_SEEN)
    who.page.context.set_offline(False)
    who.page.reload()
    expect(who.page.locator(".ticket")).to_contain_text("Reloaded")
    expect(who.page.get_by_text(LAST_SEEN)).to_have_count(0)


def test_an_identity_whose_time_is_over_keeps_its_tickets_in_its_tab(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("expired")
    who.sign_in()
    path = _bought_by(who, seller.put_on_sale("Late"))
    over = {"code": "token_expired", "status": 401}
    who.page.route("**/v1/bookings*", lambda route: route.fulfill(status=401, json=over))
    who.page.goto(f"{who.url}{path}")
    expect(who.page.get_by_alt_text(CODE)).to_be_visible()
    expect(who.page.locator("main")).to_contain_text(LAST_SEEN)
    expect(who.page.locator("main").get_by_role("link", name="Sign in")).to_have_attribute("href", f"/signin?to={path}")
    who.page.goto(f"{who.url}/tickets")
    expect(who.page.locator(f".card-row[href='{path}']")).to_be_visible()
    expect(who.page.locator("main").get_by_role("link", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_code_that_cannot_be_had_now_is_the_one_seen_before(
    fan: Callable[..., Fan], seller: Seller, status: int
) -> None:
    who = fan("busy-door")
    who.sign_in()
    path = _bought_by(who, seller.put_on_sale("Busy door"))
    who.page.route("**/code.svg", lambda route: route.fulfill(status=status))
    who.page.goto(f"{who.url}{path}")
    with who.page.expect_response("**/code.svg"):
        who.page.reload()
    expect(who.page.get_by_alt_text(CODE)).to_be_visible()
    assert len(who.page.evaluate(KEPT)) == 2


INSTALL = """async ([text, stranger]) => {
  const kept = [];
  const handlers = {};
  const self = { addEventListener: (name, handler) => (handlers[name] = handler), skipWaiting() {}, location };
  const caches = { open: async () => ({ put: async (address) => kept.push(address) }) };
  const base = /'(\\/pages\\/\\w+)\\/index.js'/.exec(text)[1];
  const fetch = async (address) => {
    const ours = !address.endsWith(stranger);
    const control = ours && address !== '/tickets' ? 'public, immutable' : 'no-cache';
    return new Response(ours ? `${base}/` : '/pages/other/', { headers: { 'Cache-Control': control } });
  };
  new Function('self', 'caches', 'fetch', text)(self, caches, fetch);
  let done = null;
  handlers.install({ waitUntil: (promise) => (done = promise) });
  return done.then(() => 'installed', (error) => error.message);
}"""


@pytest.mark.parametrize("stranger", ["/index.js", "/index.css", "/tickets", "/ko.json", "none"])
def test_a_version_is_kept_only_when_all_of_it_is_of_that_version(
    open_page: Opening, stack: Stack, stranger: str
) -> None:
    """While a new version is rolled out, an old process may answer for one of its files."""
    page = open_page()
    worker = page.request.get(f"{stack.url}/offline.js").text()
    told = page.evaluate(INSTALL, [worker, stranger])
    assert told == "installed" if stranger == "none" else told.endswith("is of another version")
