"""Traces: one from an HTTP request to its outcome, where OpenTelemetry is installed and switched on.

Where it is not, nothing of this is made: no span, no import, no column filled.
"""

from datetime import datetime
from functools import cache
from typing import Any

from models.order import Order
from settings import Settings

MISSING = (
    "FRONTROW_TRACES is on, but OpenTelemetry is not installed:"
    " pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
)
TRACEPARENT = "traceparent"


class TracesUnavailableError(Exception):
    """Traces are wanted, and their libraries are not there."""


def traces_of(settings: Settings) -> "Traces | None":
    """Return this process's one maker of spans; None where traces are off. Raises `TracesUnavailableError`."""
    return _shared() if settings.traces else None


class Traces:
    """Makes spans and hands them over, from a thread of the library's own."""

    def __init__(self, processor: Any = None) -> None:
        """Send spans over OTLP as the OTEL_* variables say, or to `processor`. Raises `TracesUnavailableError`."""
        try:
            from opentelemetry.sdk.resources import OTELResourceDetector, Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.trace import SpanKind
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

            processor = processor or _over_otlp()
        except ImportError as error:
            raise TracesUnavailableError(MISSING) from error
        resource = Resource({"service.name": "frontrow"}).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("frontrow")
        self._context, self._kind = TraceContextTextMapPropagator(), SpanKind

    def begin(self, name: str, traceparent: str | None) -> Any:
        """Begin the span of an HTTP request, under the client's own where it sent one."""
        return self._tracer.start_span(name, context=self._under(traceparent), kind=self._kind.SERVER)

    def finished(self, operation: str, order: Order, status: str, code: str, now: datetime) -> None:
        """Tell a request's outcome: a span from when it was accepted, under that of its HTTP request."""
        traceparent = order.trace.get(TRACEPARENT)
        if traceparent is None:
            return
        span = self._tracer.start_span(
            operation,
            context=self._under(traceparent),
            kind=self._kind.CONSUMER,
            start_time=_nanoseconds(order.submitted_at),
            attributes={"frontrow.task_id": str(order.request_id), "frontrow.status": status, "frontrow.code": code},
        )
        span.end(end_time=_nanoseconds(now))

    def flush(self) -> None:
        """Hand over what is still here; for a process that ends."""
        self._provider.force_flush(1000)

    def _under(self, traceparent: str | None) -> Any:
        return self._context.extract({TRACEPARENT: traceparent} if traceparent else {})


@cache
def _shared() -> Traces:
    return Traces()


def traceparent_of(span: Any) -> str:
    """Return a span's place in its trace, as W3C's `traceparent` has it."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def _over_otlp() -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return BatchSpanProcessor(OTLPSpanExporter())


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
