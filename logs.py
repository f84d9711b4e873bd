"""Structured logs: one line an event, readable by people and programs, without secrets or tokens."""

import logging
import re
import sys
from typing import Any

import structlog

# What looks like a queue token, an identity, a password in a URL or a bearer is made unreadable in every line. Ours
# hold none of them; this is for libraries, whose messages nobody here writes.
_HINTS = ("qt_", "eyJ", "://", "earer ")
_SECRETS = re.compile(
    r"\bqt_[\w-]{8,}|\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?|(?<=://)[^\s/@\"']*:[^\s/@\"']+(?=@)|(?<=[Bb]earer )[^\s\"']+"
)
WITHHELD = "[withheld]"
# Nobody's path or header makes two lines of one, or moves a terminal's cursor.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}

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
    text = _render(logger, method, event)
    if any(hint in text for hint in _HINTS):
        text = _SECRETS.sub(WITHHELD, text)
    return text if text.isprintable() else text.translate(_CONTROLS)


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
