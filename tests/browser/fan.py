"""A fan at a browser: does with the pages what people do, and waits for what people see."""

import json
import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

SOON = 15_000


@dataclass
class Fan:
    """One page and what to press on it; texts are found in both languages."""

    page: Page
    url: str
    name: str

    def sign_in(self) -> None:
        self.page.goto(f"{self.url}/signin")
        self.page.get_by_label(re.compile("Your name|이름")).fill(self.name)
        self.button("Continue|계속하기").click()
        # The sign-in leads to the programme.
        expect(self.page.locator(".cards")).to_be_visible()

    def visit(self, concert_id: int, step: str = "") -> None:
        self.page.goto(f"{self.url}/concerts/{concert_id}{step}")

    def join(self, concert_id: int) -> None:
        self.visit(concert_id)
        self.button("Join the line|대기열에 참여하기").click()

    def come(self) -> None:
        """Be signed in without the page for it, where a test is about something else."""
        answer = self.page.request.post(f"{self.url}/demo/identity", data={"name": self.name}).json()
        kept = {"token": answer["token"], "userId": answer["user_id"], "name": self.name, "expires": 4_000_000_000_000}
        script = f"sessionStorage.setItem('frontrow.identity.current', JSON.stringify({json.dumps(kept)}))"
        self.page.add_init_script(script)

    def enter(self, concert_id: int) -> None:
        """Come, join, and be admitted."""
        self.come()
        self.join(concert_id)
        self.at("/dates")

    def choose_date(self) -> None:
        self.page.locator("a.date").first.click()
        self.at(r"/seats/\d+")
        expect(self.map).to_be_visible()

    def pick(self, count: int) -> None:
        self.page.locator(".pickers button").nth(count - 1).click()
        expect(self.chips).to_have_count(count)

    def buy(self) -> None:
        """From the dates on, buy one seat, up to its ticket."""
        self.at("/dates")
        self.choose_date()
        self.pick(1)
        self.hold()
        self.at("/checkout")
        self.pay()
        self.at(r"/tickets/\d+")

    def hold(self) -> None:
        self.button("Hold and pay|선점하고 결제하기").click()

    def pay(self) -> None:
        self.button("^Charge .* and pay|충전하고|^Pay |결제하기$").click()

    def at(self, path: str) -> None:
        expect(self.page).to_have_url(re.compile(path), timeout=SOON)

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(re.compile(text)).first).to_be_visible(timeout=SOON)

    def button(self, text: str) -> Locator:
        return self.page.locator("main").get_by_role("button", name=re.compile(text))

    @property
    def map(self) -> Locator:
        return self.page.get_by_role("application")

    @property
    def chips(self) -> Locator:
        return self.page.locator(".chip")
