"""A whole journey, read back from its log: every request can be followed, and nothing secret was written."""

import base64
import sys
from typing import Any

import pytest
import structlog

import logs
from api.refusal_log import LINES_A_SECOND, RefusalLog
from tests.integration.api.conftest import SECRET


@pytest.fixture
def at_debug_level() -> Any:
    """Write all there is to write; loggers that were used before are made anew, then and afterwards."""
    before = structlog.get_config()
    logs.configure("DEBUG")
    _forget_loggers()
    yield
    structlog.configure(**before)
    _forget_loggers()


def _forget_loggers() -> None:
    for module in [*sys.modules.values()]:
        logger = getattr(module, "log", None)
        if isinstance(logger, structlog._config.BoundLoggerLazyProxy):
            vars(logger).pop("bind", None)


def fields(line: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in line.split(" ") if "=" in pair)


@pytest.mark.usefixtures("at_debug_level")
def test_an_http_request_is_followed_to_its_outcome(service: Any, capsys: pytest.CaptureFixture[str]) -> None:
    identity = service.identity(service.user())
    for request_id, amount in (("first/1", 5), ("second/2", 7)):
        headers = {"X-Request-ID": request_id, "Authorization": f"Bearer {identity}"}
        service.call("POST", "/v1/points/charges", body={"amount": amount}, headers=headers)
    service.work()
    lines = [fields(line) for line in capsys.readouterr().err.splitlines()]
    accepted = {line["request_id"]: line["task_id"] for line in lines if line["event"] == "accepted"}
    [finished] = [line for line in lines if line["event"] == "requests_finished"]
    assert finished["request_ids"].split(",") == ["first/1", "second/2"] == list(accepted)
    assert finished["task_ids"].split(",") == list(accepted.values())
    assert (finished["outcomes"], finished["operation"]) == ("done,done", "points.charge")


@pytest.mark.usefixtures("at_debug_level")
def test_a_fault_of_a_worker_is_found_by_the_requests_id(
    service: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from workers.points import charge

    def fail(_: Any) -> None:
        message = "poison"
        raise RuntimeError(message)

    identity = service.identity(service.user())
    headers = {"X-Request-ID": "poisoned", "Authorization": f"Bearer {identity}"}
    service.call("POST", "/v1/points/charges", body={"amount": 1}, headers=headers)
    with monkeypatch.context() as patch:
        patch.setattr(charge, "operate", fail)
        charge.drain()
    [line] = [line for line in capsys.readouterr().err.splitlines() if "event=request_failed" in line]
    assert fields(line)["request_id"] == "poisoned"
    assert "RuntimeError: poison" in line
    service.sql("UPDATE request SET due_at = submitted_at WHERE status = 'queued'")
    service.work()


@pytest.mark.usefixtures("at_debug_level")
def test_why_an_identity_is_refused_stands_in_the_log_and_in_no_answer(
    service: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for identity, reason in (
        (service.identity("x" * 256), "sub is not 1 to 255"),
        (service.identity("a", secret="y" * 40), "Signature verification failed"),
        (service.identity("a", exp=1), "by the sale's clock"),
        ("nonsense", "DecodeError"),
    ):
        answer = service.get("/v1/points", identity, headers={"X-Request-ID": "refused/1"})
        [line] = [line for line in capsys.readouterr().err.splitlines() if "event=identity_refused" in line]
        assert (answer.status, fields(line)["request_id"]) == (401, "refused/1")
        assert reason in line
        assert reason not in answer.text


@pytest.mark.usefixtures("at_debug_level")
def test_many_refused_identities_make_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    now = [7.0]
    refusals = RefusalLog(lambda: now[0])
    for _ in range(500):
        refusals.note("no reason", None)
    now[0] += 1
    refusals.note("no reason", None)
    lines = [fields(line) for line in capsys.readouterr().err.splitlines()]
    assert len(lines) == LINES_A_SECOND + 1
    assert lines[-1]["left_out"] == str(500 - LINES_A_SECOND)


@pytest.mark.usefixtures("at_debug_level")
def test_a_journey_leaves_nothing_secret_behind(
    service: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    user, boss = service.user(), service.operator
    identity, concert = service.identity(user), service.concert()
    token, booking = service.buy(concert, user)
    service.result(service.post(f"/v1/operator/payments/{booking['payment_id']}/refund", boss), boss)
    # What goes wrong writes most: refusals, forgeries, tokens in the wrong place, a fault with its traceback.
    service.post("/v1/reservations", token, {"performance_id": 1, "seat_ids": [1]})
    service.post("/v1/payments", token[:-4] + "AAAA", {"reservation_id": 1})
    service.post("/v1/points/charges", identity + "x", {"amount": 1})
    service.get(f"/v1/tasks/{token}", identity)
    service.client.simulate_post(f"/v1/{identity}", params={"token": token})
    service.client.simulate_delete("/v1/queue-tokens/current", headers={"Authorization": f"Basic {token}"})
    monkeypatch.setattr(service.app, "_router_search", None)
    service.client.simulate_post("/v1/points/charges", headers={"Authorization": f"Bearer {identity}"})
    text = capsys.readouterr().err
    assert "event=requests_finished" in text
    assert "event=fault" in text
    for secret in (token, identity, boss, SECRET, base64.b64encode(SECRET.encode()).decode(), "Bearer ey", "qt_"):
        assert secret not in text
