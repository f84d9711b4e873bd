"""Structured logs: one line an event, readable by people and programs, without secrets or tokens."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Send every log of this process, libraries' included, to standard error at `level` or above.

    Local variables are never shown in a traceback: they may hold what must not be in a log.
    """
    numeric = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=numeric, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # A line for each message received and finished would say nothing that ours does not.
    for chatty in ("celery.worker.strategy", "celery.app.trace", "celery.beat", "kombu"):
        logging.getLogger(chatty).setLevel(max(numeric, logging.WARNING))
