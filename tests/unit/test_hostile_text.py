"""Work grows with what a stranger sends, not faster: every pattern that meets it is tried on hostile text."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from timeit import repeat

import pytest

import api
import logs
from models import user

# Each repeated to 2 and to 8 KB: what some pattern begins to match again and again, and never ends to.
FRAGMENTS = (
    *("://", ":", "://a:", "eyJ", "eyJ-", "eyJ.", "qt_", "qt_-", "bearer ", "Bearer", "a:b@", "\\", '"', '"\\', "'"),
    *("wait ", "wait=", "wait=1", "wait\t", ".", "a.", "-", "a-", "_", "0", "00000000-", "/", "//", "[", "{", "(", "%"),
    *(" ", "\t", "\r\nauthorization: ", "import ", "import'", "\r\n", "\u202e", "\x00"),
)
# Asked with `fullmatch` alone: searched for, they would begin anew at each character.
WHOLE = frozenset({"api.pages.handover.COMPACT_JWT", "api.validation._QUOTED"})
LESS, MORE = 2_048, 8_192
# Four times the text may cost four times as much, and what the machine adds; what grows with the square costs sixteen.
MOST_GROWTH = 9.0
# Whatever is done in less is no harm however it grows, and too short to be compared.
HARMLESS_SECONDS = 0.0005


def _patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    modules = [logs, user]
    with pytest.MonkeyPatch.context() as patch:
        # One of them makes the application when it is imported.
        patch.setenv("FRONTROW_DEMO", "1")
        modules += [importlib.import_module(found.name) for found in pkgutil.walk_packages(api.__path__, "api.")]
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield f"{module.__name__}.{name}", value


PATTERNS = dict(_patterns())


def _grows(work: Callable[[str], object], fragment: str) -> float:
    """Return how much more 8 KB cost than 2 KB of a fragment; 1 for what is harmless anyway."""
    less, more = (
        min(repeat(lambda text=(prefix + fragment * size)[:size]: work(text), number=1, repeat=5))
        for prefix, size in (("://", LESS), ("://", MORE))
    )
    return more / less if more > HARMLESS_SECONDS else 1.0


def _tries(pattern: re.Pattern[str] | re.Pattern[bytes], *, whole: bool = False) -> Callable[[str], object]:
    def work(text: str) -> object:
        sent = text if isinstance(pattern.pattern, str) else text.encode()
        if whole:
            return pattern.fullmatch(sent)  # type: ignore[arg-type]
        return pattern.search(sent), pattern.fullmatch(sent), pattern.sub(sent[:0], sent)  # type: ignore[arg-type, type-var]

    return work


def _ungainly(work: Callable[[str], object]) -> dict[str, float]:
    return {fragment: growth for fragment in FRAGMENTS if (growth := _grows(work, fragment)) > MOST_GROWTH}


def test_there_are_patterns() -> None:
    assert {"logs._PASSWORDS", "logs._RUNS", "api.lanes._BEARER", "api.preferences._WAIT"} <= set(PATTERNS)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_linear(name: str) -> None:
    assert _ungainly(_tries(PATTERNS[name], whole=name in WHOLE)) == {}


def test_a_line_of_the_log_is_linear() -> None:
    assert _ungainly(lambda text: logs.line(None, "info", {"event": "request", "path": text})) == {}


def test_what_grows_with_the_square_is_seen() -> None:
    assert _grows(_tries(re.compile(r"(?<=://)[^\s/@\"']*:[^\s/@\"']+(?=@)")), ":") > MOST_GROWTH
