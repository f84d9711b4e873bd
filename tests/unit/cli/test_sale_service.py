import asyncio
import json
from typing import Any

import pytest

from cli.sale import service as service_module
from cli.sale.closing import Closing
from cli.sale.record import Record
from cli.sale.service import FaultError, Refused, Service, told_to_wait
from cli.sale.wire import Answer


class Script:
    """Stands for a pool: gives the next answer of a script, and keeps what was sent."""

    base, authority = "", "test"

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[bytes] = []

    async def exchange(self, request: bytes) -> Answer:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def own(self) -> "Script":
        return self

    def close(self) -> None:
        pass


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    lines = "".join(f"\r\n{name.replace('_', '-')}: {value}" for name, value in headers.items())
    return Answer(status, f"HTTP/1.1 {status} X{lines}".encode(), json.dumps(body).encode())


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(service_module.asyncio, "sleep", sleep)
    return waits


def run(script: Script, **asked: Any) -> tuple[Any, Record]:
    record = Record(fans=1, seats=1)
    service = Service(script, record)
    return asyncio.run(service.change("pay", "POST", "/v1/payments", "token", **asked)), record


def test_a_change_waits_as_told_and_returns_the_finished_task(waited: list[float]) -> None:
    queued = answer(200, {"status": "queued"}, Retry_After="2")
    done = answer(200, {"status": "done", "result": 7})
    task, record = run(Script(answer(202, {}, Location="/v1/tasks/1", Retry_After="1"), queued, done), body={"a": 1})
    assert task["result"] == 7
    assert waited == [1.0, 2.0]
    assert record.answers == {("pay", 202): 1, ("task", 200): 2}


def test_the_service_is_asked_to_wait_and_an_outcome_in_the_first_answer_needs_no_other(waited: list[float]) -> None:
    script = Script(answer(200, {"status": "done", "result": 7}, Preference_Applied="wait"))
    task, record = run(script)
    assert task["result"] == 7
    assert b"\r\nPrefer: wait=10\r\n" in script.sent[0]
    assert waited == []
    assert [outcome.accepted for outcome in record.outcomes["pay"]] == [None]


def test_a_task_that_takes_longer_is_waited_for_as_long_as_told(waited: list[float]) -> None:
    first, second = (answer(202, {"status": "queued"}, Location="/t", Retry_After=told) for told in ("1", "3"))
    script = Script(first, second, answer(200, {"status": "done", "result": None}))
    _, record = run(script)
    assert waited == [1.0, 3.0]
    assert all(b"Prefer: wait=10" in request for request in script.sent)
    assert script.sent[1].startswith(b"GET /t ")
    assert record.outcomes["pay"][0].accepted is not None


def test_a_floor_does_not_ask_the_service_to_wait(waited: list[float]) -> None:
    script = Script(answer(202, {}, Location="/t"), answer(200, {"status": "done", "result": None}))
    service = Service(script, Record(fans=1, seats=1), waits=False)
    asyncio.run(service.change("pay", "POST", "/v1/payments", "token"))
    assert not any(b"Prefer" in request for request in script.sent)


class Patience(Closing):
    """Keeps what it was asked to wait for, and is over after so many waits."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.left = waits
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.left -= 1
        if not self.left:
            self.set()


def test_whoever_is_told_busy_comes_again_as_told_without_end_and_without_fault(waited: list[float]) -> None:
    busy = [answer(503, {"code": "busy"}, Retry_After="2")] * 40
    script = Script(*busy, answer(200, {"status": "done", "result": None}))
    record, over = Record(fans=1, seats=1), Patience(100)
    asyncio.run(Service(script, record, over).change("pay", "POST", "/v1/payments", "token"))
    assert (record.busy, record.retries, record.faults) == ({"pay": 40}, 0, {})
    assert len(set(script.sent)) == 1
    assert all(2 <= wait <= 2.2 for wait in over.waits)
    assert waited == []


def test_busy_between_lost_answers_uses_no_attempt_up(waited: list[float]) -> None:
    busy, lost = answer(503, {"code": "busy"}, Retry_After="2"), ConnectionError()
    almost = [one for _ in range(service_module.ATTEMPTS - 1) for one in (busy, lost, busy)]
    script = Script(*almost, answer(200, {"status": "done", "result": 7}))
    record = Record(fans=1, seats=1)
    task = asyncio.run(Service(script, record, Patience(100)).change("pay", "POST", "/v1/payments", "token"))
    assert (task["result"], record.retries) == (7, service_module.ATTEMPTS - 1)
    script = Script(*almost, lost, answer(200, {"status": "done", "result": 7}))
    with pytest.raises(FaultError, match="no answer"):
        asyncio.run(Service(script, record, Patience(100)).change("pay", "POST", "/v1/payments", "token"))


def test_an_unavailability_that_is_not_called_busy_uses_attempts_up(waited: list[float]) -> None:
    with pytest.raises(FaultError, match="no answer"):
        run(Script(*[answer(503, {"code": "database_unavailable"}, Retry_After="2")] * service_module.ATTEMPTS))


def test_busy_is_a_refusal_when_the_sale_is_over() -> None:
    script = Script(*[answer(503, {"code": "busy"}, Retry_After="2")] * 40)
    with pytest.raises(Refused) as caught:
        asyncio.run(Service(script, Record(fans=1, seats=1), Patience(3)).ask("poll", "GET", "/", "t"))
    assert caught.value.code == "busy"
    assert len(script.sent) == 4


def test_a_lost_answer_is_asked_for_again_with_the_same_key(waited: list[float]) -> None:
    script = Script(
        ConnectionError(),
        answer(503, {}, Retry_After="3"),
        answer(429, {}, Retry_After="1"),
        answer(202, {}, Location="/v1/tasks/1"),
        answer(200, {"status": "done", "result": None}),
    )
    _, record = run(script)
    assert len(set(script.sent[:4])) == 1
    assert b"Idempotency-Key" in script.sent[0]
    assert record.retries == 3
    assert waited[1] >= 3
    assert waited[2] >= 1


def test_a_refused_task_is_a_refusal_with_its_code(waited: list[float]) -> None:
    problem = {"code": "seat_taken", "status": 409, "detail": "Taken."}
    script = Script(answer(202, {}, Location="/t"), answer(200, {"status": "refused", "problem": problem}))
    with pytest.raises(Refused) as caught:
        run(script)
    assert (caught.value.code, caught.value.status) == ("seat_taken", 409)


def test_a_service_that_stays_away_is_a_fault(waited: list[float]) -> None:
    with pytest.raises(FaultError, match="no answer"):
        run(Script(*[ConnectionError()] * service_module.ATTEMPTS))


def test_an_internal_error_is_a_fault_and_not_tried_for_ever(waited: list[float]) -> None:
    with pytest.raises(FaultError, match="500"):
        run(Script(answer(500, {})))


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("9999", 90.0), ("-1", 0.0), ("soon", 5.0)])
def test_retry_after_is_taken_within_reason(header: str, seconds: float) -> None:
    assert told_to_wait(answer(200, Retry_After=header), 5.0) == seconds
