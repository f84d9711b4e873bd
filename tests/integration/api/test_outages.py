"""Servers that are away: what is still promised, and how soon a client knows."""

from datetime import timedelta
from time import monotonic
from typing import Any

import falcon
import psycopg2
import pytest
import redis

from models import database


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn every session away, as after a missed deadline."""
    monkeypatch.setattr(database, "is_turned_away", lambda: True)


@pytest.mark.usefixtures("no_database")
def test_nothing_is_accepted_without_the_database(service: Any) -> None:
    began = monotonic()
    answer = service.post("/v1/points/charges", service.identity("fan"), {"amount": 1})
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "database_unavailable", "2")
    assert monotonic() - began < 1


@pytest.mark.usefixtures("no_database")
def test_reading_without_the_database_is_unavailable(service: Any) -> None:
    for path in ("/v1/concerts", "/v1/queues/1", "/v1/points"):
        assert service.get(path, service.identity("fan")).status == 503
    ready = service.get("/readyz")
    assert (ready.status, ready.body["status"], ready.body["checks"]["database"]) == (503, "unavailable", "unavailable")
    assert service.get("/healthz").status == 200


def test_a_session_that_is_cut_is_unavailable_or_made_anew(service: Any) -> None:
    url = service.settings.database_url
    service.get("/v1/concerts")
    with psycopg2.connect(url, application_name="killer") as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert service.get("/v1/concerts").status in {200, 503}
    assert service.get("/v1/concerts").status == 200


def test_a_request_is_accepted_while_the_broker_is_away(service: Any) -> None:
    identity = service.identity(service.user())
    began = monotonic()
    accepted = service.post("/v1/points/charges", identity, {"amount": 3})
    assert accepted.status == 202
    assert monotonic() - began < 1
    assert service.outcome(accepted, identity)["status"] == "done"
    ready = service.get("/readyz")
    assert (ready.status, ready.body["status"]) == (200, "degraded")
    assert ready.body["checks"] == {"database": "ok", "broker": "unavailable", "workers": "unknown"}


def test_readiness_names_the_queues_that_nobody_serves(
    service: Any, valkey: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.app import create_app
    from workers.presence import PREFIX

    settings = service.settings.model_copy(update={"broker_url": valkey.url})
    monkeypatch.setattr(service, "client", type(service.client)(create_app(settings)))
    with redis.Redis(unix_socket_path=str(valkey.socket)) as client:
        for queue in ("queue_tokens", "reservations", "points", "payments"):
            client.set(f"{PREFIX}{queue}:worker@host", 1, ex=60)
        ready = service.get("/readyz")
        assert (ready.status, ready.body["status"], ready.body["checks"]["workers"]) == (
            200,
            "degraded",
            "missing: sweeps",
        )
        client.set(f"{PREFIX}sweeps:worker@host", 1, ex=60)
        assert service.get("/readyz").body == {
            "status": "ok",
            "checks": {"database": "ok", "broker": "ok", "workers": "ok"},
        }
        client.flushall()


def test_a_request_that_waits_again_and_again_is_told_in_time(service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Each answer comes within its own deadline; a client waits for their sum.
    from api import request_frame
    from api.app import create_app

    class Slow:
        def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
            del req, resp
            with database.read_session():
                for _ in range(10):
                    database.rows("SELECT pg_sleep(0.4)")

    monkeypatch.setattr(request_frame, "DATABASE_PATIENCE", timedelta(seconds=1.5))
    monkeypatch.setattr(request_frame, "LEAST_PATIENCE", timedelta(seconds=0.5))
    app = create_app(service.settings)
    app.add_route("/slow", Slow())
    client = type(service.client)(app)
    # Whoever waited for a thread already has so much less, but never nothing.
    for waited, told_within in ((0.0, 2.3), (0.8, 1.5), (9.0, 1.3)):
        request_frame.note_wait(waited)
        began = monotonic()
        answer = client.simulate_get("/slow")
        assert (answer.status_code, answer.json["code"]) == (503, "database_unavailable")
        assert monotonic() - began < told_within
    request_frame.note_wait(0)
    # The next request of the same thread begins with all its patience.
    assert client.simulate_get("/v1/concerts").status_code == 200
