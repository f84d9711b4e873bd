"""Korean and English: complete, chosen by the browser, switchable; and every refusal as a sentence."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from api import pages
from api import schemas as api_schemas
from api.openapi_shapes import declared
from api.problem_codes import PROBLEMS
from models import errors
from tests.browser.conftest import Opening
from tests.browser.fan import Fan
from tests.browser.seller import Seller
from tests.fixtures.stack import Stack

STATIC = Path(pages.__file__).parent / "static"
WORDS = {language: json.loads((STATIC / "words" / f"{language}.json").read_text()) for language in ("en", "ko")}
# What the browser itself finds out, without an answer of the service.
OWN_CODES = {"offline", "too_slow", "unknown_outcome", "done_elsewhere"}


def refusals() -> set[str]:
    return {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}


def test_every_problem_code_is_a_sentence_in_both_languages() -> None:
    codes = refusals() | set(PROBLEMS) | OWN_CODES
    for language, words in WORDS.items():
        assert {key.removeprefix("problem.") for key in words if key.startswith("problem.")} == codes, language
        for code in codes:
            assert re.search(r"[.!?]$", words[f"problem.{code}"])
            assert "_" not in words[f"problem.{code}"]


def test_every_field_and_every_fault_of_a_body_has_words() -> None:
    """A page says in its reader's language what the service found unfit, and where."""
    shapes = Path(api_schemas.__file__).parent
    kinds = {kind for file in shapes.glob("*.py") for kind in re.findall(r'CustomError\(\s*"(\w+)"', file.read_text())}
    bodies = [operation.body for _, _, operation in declared() if operation.body is not None]
    fields = {name for body in bodies for shape in _shapes(body.model_json_schema()) for name in shape}
    for words in WORDS.values():
        assert {f"field.{kind}" for kind in kinds} <= words.keys()
        assert {f"field.at.{field}" for field in fields if not field.endswith("_id")} - words.keys() <= {
            "field.at.replaces"  # Nobody fills it in.
        }


def _shapes(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [one.get("properties", {}) for one in (schema, *schema.get("$defs", {}).values())]


def test_both_languages_say_the_same_with_the_same_values() -> None:
    assert WORDS["en"].keys() == WORDS["ko"].keys()
    for key, text in WORDS["en"].items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", WORDS["ko"][key])), key
        assert WORDS["ko"][key].strip(), key


def test_every_text_that_a_module_says_exists() -> None:
    called = re.compile(r"""\b(?:say|flash\('\w+',)\(?\s*(['`])((?:(?!\1).)+)\1""")
    for module in STATIC.rglob("*.js"):
        for _, key in called.findall(module.read_text()):
            pattern = re.compile(re.escape(re.sub(r"\$\{[^}]+\}", "\0", key)).replace("\0", r"[\w.-]+"))
            assert any(pattern.fullmatch(known) for known in WORDS["en"]), f"{module.name}: {key}"


@pytest.mark.browser
def test_the_browsers_language_is_spoken(fan: Callable[..., Fan], stack: Stack) -> None:
    for locale, title, tag in (("ko-KR", "어떤 공연을 보러 갈까요?", "ko"), ("en-US", "Who do you want to see?", "en")):
        who = fan("speaker", locale=locale)
        who.page.goto(stack.url)
        expect(who.page.get_by_role("heading", name=title)).to_be_visible()
        assert who.page.evaluate("document.documentElement.lang") == tag


@pytest.mark.browser
def test_the_language_can_be_switched_and_stays(fan: Callable[..., Fan], stack: Stack) -> None:
    who = fan("switcher")
    who.page.goto(stack.url)
    who.page.get_by_role("button", name="한국어").click()
    expect(who.page.get_by_role("heading", name="어떤 공연을 보러 갈까요?")).to_be_visible()
    who.page.reload()
    expect(who.page.get_by_role("button", name="English")).to_be_visible()


@pytest.mark.browser
def test_a_whole_journey_in_korean(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("한국어 공연")
    who = fan("김민아", "desktop", "ko-KR")
    who.enter(concert_id)
    who.sees("내 차례입니다")
    who.choose_date()
    who.pick(1)
    who.hold()
    who.sees("선점 남은 시간")
    who.pay()
    who.at(r"/tickets/\d+")
    who.sees("결제가 끝났습니다")


@pytest.mark.browser
def test_a_refusal_is_told_as_a_sentence(fan: Callable[..., Fan], seller: Seller) -> None:
    concert_id = seller.put_on_sale("Refusal")
    who = fan("refused", locale="ko-KR")
    who.enter(concert_id)
    who.choose_date()
    who.pick(1)

    def refuse(route: Route) -> None:
        body = {"code": "seat_limit_exceeded", "status": 409, "limit": 4}
        route.fulfill(status=409, content_type="application/problem+json", body=json.dumps(body))

    who.page.route("**/v1/reservations", refuse)
    who.hold()
    expect(who.page.get_by_role("alert")).to_have_text(re.compile("최대 4석까지"))


@pytest.mark.browser
def test_what_is_not_there_is_a_calm_page_with_ways_on(fan: Callable[..., Fan], stack: Stack) -> None:
    who = fan("lost", locale="ko-KR")
    who.come()
    for path, told, way in (
        ("/nowhere", "여기에는 아무것도 없습니다.", "내 티켓"),
        ("/concerts/what", "여기에는 아무것도 없습니다.", "내 티켓"),
        ("/concerts/987654321", "알 수 없는 공연입니다.", "내 티켓"),
        ("/tickets/987654321", "알 수 없는 예약이거나 본인의 예약이 아닙니다.", "내 티켓"),
        ("/operator/what", "여기에는 아무것도 없습니다.", "frontrow 콘솔"),
    ):
        who.page.goto(stack.url + path)
        expect(who.page.get_by_role("heading", name="없는 페이지")).to_be_visible()
        main = who.page.locator("main")
        expect(main.get_by_text(told)).to_be_visible()
        expect(main.get_by_role("link", name=way)).to_be_visible()
        expect(who.page.get_by_role("alert")).to_have_count(0)
        expect(who.page.locator(".notice-bad")).to_have_count(0)
        main.get_by_role("link", name="공연 보러 가기").click()
        expect(who.page.get_by_role("heading", name="어떤 공연을 보러 갈까요?")).to_be_visible()


@pytest.mark.browser
def test_an_unfit_field_is_told_in_the_readers_language(fan: Callable[..., Fan], seller: Seller) -> None:
    who = fan("unfit", locale="ko-KR")
    concert_id = seller.put_on_sale("Fields", capacity=2)
    who.come()
    fault = {"pointer": "/concert_id/performances/1/sections/0/price", "detail": "Input ...", "limit": 0}
    problem = {"code": "validation_failed", "errors": [fault | {"type": "greater_than_equal"}, fault | {"type": "x"}]}

    def refuse(route: Route) -> None:
        route.fulfill(status=422, json=problem, headers={"Content-Type": "application/problem+json"})

    who.page.route("**/v1/queue-tokens", refuse)
    who.join(concert_id)
    faults = who.page.get_by_role("alert").get_by_role("listitem")
    expect(faults).to_have_text(
        [
            "concert_id, 2번째 날짜, 1번째 구역, 가격: 0 이상이어야 합니다.",
            "concert_id, 2번째 날짜, 1번째 구역, 가격: 받아들일 수 없는 값입니다.",
        ]
    )


@pytest.mark.browser
def test_an_unknown_concert_is_calm_on_the_console_too(open_page: Opening, stack: Stack) -> None:
    page = open_page("desktop")
    page.goto(f"{stack.url}/operator/concerts/987654321")
    page.get_by_role("button", name="Enter as the demo operator").click()
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.locator("main").get_by_role("link", name="Concerts").click()
    expect(page.get_by_role("heading", name="What operators did")).to_be_visible()


def test_points_are_a_word_wherever_an_amount_is_told() -> None:
    bare = re.compile(r"(\}|\d|\() ?P(?![A-Za-z])")
    for language, words in WORDS.items():
        assert [key for key, text in words.items() if bare.search(text)] == [], language
        assert re.search("points|포인트", words["money"])


FIGURES = """async ({ lasting, points, moment, refused }) => {
  const { module } = document.querySelector('script[data-module]').dataset;
  const base = new URL('fan/app.js', new URL(module, location.href));
  localStorage.setItem('frontrow.language.current', JSON.stringify(lasting));
  const [words, figures, { sentence }, { Problem }] = await Promise.all(
    ['../screen/words.js', '../screen/figures.js', '../screen/sentence.js', '../talk/problem.js'].map(
      (path) => import(new URL(path, base)),
    ),
  );
  await words.loadWords();
  const dates = ['day', 'dayAndTime', 'shortMoment', 'exactMoment'].map((name) => figures[name](moment, 'Asia/Seoul'));
  return { dates, amounts: points.map(figures.money), sentence: sentence(new Problem(...refused)) };
}"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "day", "amounts", "sentence"),
    [
        ("ko", "29일 (일)", ["1포인트", "60,000포인트", "-2포인트"], "보유 포인트는 1포인트인데 60,000포인트가 필요"),
        ("en", "Sun, Nov", ["1 point", "60,000 points", "-2 points"], "You have 1 point, but 60,000 points are needed"),
    ],
)
def test_dates_carry_their_day_and_amounts_their_unit(
    open_page: Opening, stack: Stack, language: str, day: str, amounts: list[str], sentence: str
) -> None:
    page = open_page()
    page.goto(stack.url)
    refused = ["insufficient_points", {"members": {"balance": 1, "amount": 60_000}}]
    told = {"lasting": language, "points": [1, 60_000, -2], "moment": "2026-11-29T10:00:00Z", "refused": refused}
    found = page.evaluate(FIGURES, told)
    assert all(day in date.replace("November", "Nov") for date in found["dates"]), found["dates"]
    assert found["amounts"] == amounts
    assert sentence in found["sentence"]
