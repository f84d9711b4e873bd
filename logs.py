"""Structured logs: one line an event, readable by people and programs, without secrets or tokens."""

import logging
import re
import sys
from typing import Any

import structlog

# What looks like a queue token, an identity, a password in a URL or a bearer is made unreadable in every line. Ours
# hold none of them; this is for libraries, whose messages nobody here writes. Each pattern looks at a character a
# bounded number of times, whatever strangers send.
_HINTS = ("qt_", "eyJ", "://", "earer ")
_RUNS = re.compile(r"[\w.-]{11,}")
_PASSWORDS = re.compile(r"(?<=://)[^\s/@\"':]*+:[^\s/@\"']++(?=@)|(?<=[Bb]earer )[^\s\"']++")
WITHHELD = "[withheld]"
# A value that is longer is cut: a line costs no more than its request. Tracebacks say more.
LONGEST_VALUE, LONGEST_EXCEPTION = 1_000, 20_000

_render = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True)


def configure(level: str) -> None:
    """Send every log of this process, libraries' included, to standard error at `level` or above, in one form.

    Local variables are never shown in a traceback: they may hold what must not be in a log.
    """
    numeric = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    common: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*common, structlog.processors.format_exc_info, line],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.WriteLoggerFactory(file=_STANDARD_ERROR),
        cache_logger_on_first_use=True,
    )
    _take_over_libraries(numeric, [*common, structlog.stdlib.add_logger_name])


def line(logger: Any, method: str, event: Any) -> str:
    """Write an event as its line."""
    text = _render(logger, method, {name: _cut(name, value) for name, value in event.items()})
    text = _withhold(text)
    # Nobody's path or header makes two lines of one, moves a terminal's cursor, or turns the direction of writing.
    return text if text.isprintable() else "".join(map(_shown, text))


def _cut(name: str, value: Any) -> Any:
    longest = LONGEST_EXCEPTION if name == "exception" else LONGEST_VALUE
    text = value if isinstance(value, str | int | float | None) else str(value)
    if not isinstance(text, str) or len(text) <= longest:
        return text
    # First: half a secret does not look like one.
    text = _withhold(text)
    if len(text) <= longest:
        return text
    return f"{text[:longest]}[{len(text) - longest} more]"


def _withhold(text: str) -> str:
    if not any(hint in text for hint in _HINTS):
        return text
    return _PASSWORDS.sub(WITHHELD, _RUNS.sub(_without_token, text))


def _without_token(found: re.Match[str]) -> str:
    """Return a run of characters such as tokens are made of, without the token in it."""
    run = found[0]
    queue_token, identity = run.find("qt_"), run.find("eyJ")
    if identity >= 0 and "." not in run[identity:]:
        identity = -1
    starts = [at for at in (queue_token, identity) if at >= 0]
    return run[: min(starts)] + WITHHELD if starts else run


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _take_over_libraries(level: int, foreign: list[Any]) -> None:
    handler = logging.StreamHandler(_STANDARD_ERROR)
    drop_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=foreign, processors=[drop_meta, structlog.processors.format_exc_info, line]
        )
    )
    root = logging.getLogger()
    for known in [known for known in root.handlers if getattr(known, "stream", None) is _STANDARD_ERROR]:
        root.removeHandler(known)
    root.addHandler(handler)
    root.setLevel(level)
    # A line for each message received and finished would say nothing that ours does not.
    for chatty in ("celery.worker.strategy", "celery.app.trace", "celery.beat", "kombu", "httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))


class _StandardError:
    """Standard error as it is at the moment of writing: it may be another stream than at the start."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


_STANDARD_ERROR: Any = _StandardError()
