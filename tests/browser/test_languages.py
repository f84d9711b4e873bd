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
def test_a_mistyped_address_is_told_in_words(fan: Callable[..., Fan], stack: Stack) -> None:
    who = fan("lost", locale="ko-KR")
    for path in ("/nowhere", "/concerts/what", "/operator/what"):
        who.page.goto(stack.url + path)
        expect(who.page.get_by_role("heading", name="없는 페이지")).to_be_visible()
        expect(who.page.get_by_role("alert")).to_have_text(re.compile("여기에는 아무것도 없습니다."))
        who.page.get_by_role("link", name="공연 보러 가기").click()
        expect(who.page.get_by_role("heading", name="어떤 공연을 보러 갈까요?")).to_be_visible()


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
