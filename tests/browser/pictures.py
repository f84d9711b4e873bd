"""Takes the pictures of the README anew with `.venv/bin/python -m tests.browser.pictures`; needs Chromium."""

import base64
import random
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from cli.running_service import running_service
from tests.browser.conftest import ARGUMENTS, CHROMIUM, SIZES
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PHONE, GAP, DESK = SIZES["phone"], 16, {"width": 1280, "height": 1720}
ROOM, AHEAD = 20, 26
BUYERS = 220
SECTIONS = [
    {"name": "R", "rows": 8, "seats_per_row": 36, "price": 165_000},
    {"name": "S", "rows": 10, "seats_per_row": 32, "price": 132_000},
    {"name": "A", "rows": 10, "seats_per_row": 40, "price": 110_000},
    {"name": "B", "rows": 8, "seats_per_row": 44, "price": 88_000},
]


def concert(seller: Seller, title: str, venue: str, **queue: Any) -> dict[str, Any]:
    """Put a concert with two evenings on sale."""
    evening = datetime.now(UTC).replace(hour=10, minute=30, second=0, microsecond=0)
    dates = [
        {
            "starts_at": (evening + timedelta(days=day)).isoformat(),
            "reservable_from": (evening - timedelta(days=1)).isoformat(),
            "reservable_until": (evening + timedelta(days=day - 1)).isoformat(),
        }
        for day in (40, 41)
    ]
    body = {"title": title, "venue": venue, "queue": queue, "performances": dates, "sections": SECTIONS}
    found: dict[str, Any] = seller.call("POST", "/v1/operator/concerts", body)
    return found


def buy(stack: Stack, seller: Seller, shown: dict[str, Any], number: int) -> None:
    """Be one fan of a lively sale; some let their seats go, some find them taken."""
    rng, identity = random.Random(number), stack.token(f"buyer-{number}")
    token = seller.join(shown["id"], identity)
    seller.wait_until_admitted(token)
    performance_id = shown["performances"][rng.random() < 0.3]["performance_id"]
    path = f"/v1/performances/{performance_id}/seats?status=available&limit=60"
    free = [seat["id"] for seat in seller.call("GET", path, token=token)["items"]]
    body = {"performance_id": performance_id, "seat_ids": rng.sample(free, rng.randint(1, 2))}
    task = seller.outcome("POST", "/v1/reservations", body, token)
    if task["status"] == "done" and rng.random() < 0.85:
        seller.done("POST", "/v1/points/charges", {"amount": 400_000}, identity)
        seller.done("POST", "/v1/payments", {"reservation_id": task["result"]["id"]}, token)


@contextmanager
def opened(browser: Browser, size: Any, **options: Any) -> Iterator[Page]:
    context = browser.new_context(viewport=size, **options)
    yield context.new_page()
    context.close()


def journey(browser: Browser, stack: Stack, seller: Seller, name: str, *, korean: bool) -> None:
    """A fan's way on a phone, five pictures side by side."""
    shown = concert(seller, "한강 재즈 나이트", "블루스퀘어, 서울", capacity=ROOM)
    options = {"locale": "ko-KR" if korean else "en-GB", "color_scheme": "dark" if korean else "light"}
    with opened(browser, PHONE, device_scale_factor=1, has_touch=True, **options) as page:
        who, taken = Fan(page, stack.url, "mina-kim"), []

        def take() -> None:
            page.wait_for_timeout(900)
            taken.append(page.screenshot())

        for number in range(ROOM + AHEAD):
            seller.join(shown["id"], stack.token(f"ahead-{name}-{number}"))
        who.sign_in()
        who.join(shown["id"])
        expect(page.locator(".position, .calm").first).to_be_visible()
        take()
        seller.steer(shown["id"], capacity=500)
        who.at("/dates")
        take()
        who.choose_date()
        who.pick(2)
        take()
        who.hold()
        who.at("/checkout")
        page.evaluate("scrollTo(0, 0)")
        take()
        who.pay()
        who.at(r"/tickets/\d+")
        page.evaluate("scrollTo(0, 0)")
        take()
    beside(browser, taken, IMAGES / name)


def beside(browser: Browser, pictures: list[bytes], path: Path) -> None:
    """Put pictures of phones side by side."""
    images = "".join(
        f'<img style="border-radius:14px" src="data:image/png;base64,{base64.b64encode(one).decode()}">'
        for one in pictures
    )
    style = f"margin:0;padding:{GAP}px;display:flex;gap:{GAP}px;background:#d9d2cc"
    width = len(pictures) * (PHONE["width"] + GAP) + GAP
    with opened(browser, {"width": width, "height": PHONE["height"] + 2 * GAP}) as page:
        page.set_content(f'<body style="{style}">{images}</body>')
        page.screenshot(path=path)


def desk(browser: Browser, stack: Stack, seller: Seller) -> None:
    """The operator's desk while many buy."""
    shown = concert(seller, "Starlight Arena Tour", "KSPO Dome, Seoul", capacity=60)
    with opened(browser, DESK, locale="en-GB") as page, ThreadPoolExecutor(8) as crowd:
        page.goto(f"{stack.url}/operator/concerts/{shown['id']}")
        page.get_by_role("button", name="Enter as the demo operator").click()
        buyers = [crowd.submit(buy, stack, seller, shown, number) for number in range(BUYERS)]
        for buyer in buyers:
            with suppress(AssertionError):
                buyer.result()
        page.wait_for_timeout(3_000)
        page.screenshot(path=IMAGES / "console-desk.png")


def main() -> None:
    """Take all pictures against a service of their own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "data") as url,
        sync_playwright() as playwright,
    ):
        stack = Stack(url, Path(folder) / "data")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with Seller(url, stack.token("seller", operator=True)) as seller:
            journey(browser, stack, seller, "journey-phone.png", korean=False)
            journey(browser, stack, seller, "journey-phone-korean-dark.png", korean=True)
            desk(browser, stack, seller)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
