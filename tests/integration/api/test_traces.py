"""One trace from the POST to the outcome; and nothing at all where traces are off."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from workers.traces import Traces, TracesUnavailableError

CLIENTS_TRACE, CLIENTS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CLIENT = f"00-{CLIENTS_TRACE}-{CLIENTS_SPAN}-01"


@pytest.fixture
def spans(service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """The spans of the application and the workers, made of the same traces."""
    from api import app
    from workers import tell

    exporter = InMemorySpanExporter()
    traces = Traces(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(app, "traces_of", lambda _: traces)
    monkeypatch.setattr(tell, "traces", traces)
    monkeypatch.setattr(service, "client", type(service.client)(app.create_app(service.settings)))
    yield exporter
    exporter.shutdown()


def charge(service: Any, identity: str, **headers: str) -> dict[str, Any]:
    headers |= {"Authorization": f"Bearer {identity}"}
    accepted = service.call("POST", "/v1/points/charges", body={"amount": 1}, headers=headers)
    task: dict[str, Any] = service.outcome(accepted, identity)
    return task


def test_one_trace_leads_from_the_post_to_the_outcome(service: Any, spans: InMemorySpanExporter) -> None:
    task = charge(service, service.identity(service.user()), **{"traceparent": CLIENT, "X-Request-ID": "traced"})
    found = {span.name: span for span in spans.get_finished_spans()}
    post, outcome = found["POST /v1/points/charges"], found["points.charge"]
    assert f"{post.context.trace_id:032x}" == f"{outcome.context.trace_id:032x}" == CLIENTS_TRACE
    assert post.parent is not None
    assert f"{post.parent.span_id:016x}" == CLIENTS_SPAN
    assert outcome.parent is not None
    assert outcome.parent.span_id == post.context.span_id
    assert post.attributes is not None
    assert post.attributes["http.response.status_code"] == 202
    assert post.attributes["frontrow.request_id"] == "traced"
    assert dict(outcome.attributes or {}) == {
        "frontrow.task_id": task["id"],
        "frontrow.status": "done",
        "frontrow.code": "",
    }
    assert (outcome.start_time or 0) < (outcome.end_time or 0)


def test_a_request_without_a_trace_begins_one(service: Any, spans: InMemorySpanExporter) -> None:
    charge(service, service.identity(service.user()), traceparent="nonsense")
    found = {span.name: span for span in spans.get_finished_spans()}
    post, outcome = found["POST /v1/points/charges"], found["points.charge"]
    assert post.parent is None
    assert post.context.trace_id == outcome.context.trace_id


def test_spans_are_named_by_routes_and_hold_no_credential(service: Any, spans: InMemorySpanExporter) -> None:
    identity = service.identity(service.user())
    charge(service, identity)
    service.get("/nowhere/1", identity, params={"token": identity})
    finished = spans.get_finished_spans()
    assert "GET" in {span.name for span in finished}
    assert identity not in "".join(span.to_json() for span in finished)


def test_a_request_from_before_traces_were_on_has_none(service: Any, spans: InMemorySpanExporter) -> None:
    identity = service.identity(service.user())
    accepted = service.call("POST", "/v1/points/charges", identity, {"amount": 1})
    service.sql("UPDATE request SET trace = NULL WHERE status = 'queued'")
    assert service.outcome(accepted, identity)["status"] == "done"
    assert "points.charge" not in {span.name for span in spans.get_finished_spans()}


def test_switched_off_nothing_of_it_is_made_nor_imported() -> None:
    # The broker's client imports some of it by itself where it is installed.
    code = "import sys, api.wsgi, workers.tell as t; sys.exit(t.traces or 'opentelemetry.sdk.trace' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], env={"FRONTROW_DEMO": "1"}, check=True)


def test_switched_on_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(TracesUnavailableError, match="pip install opentelemetry-sdk"):
        Traces()
