"""Operations: what a responder takes and answers, declared on it once, and the one middleware that enforces it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

import falcon
from pydantic import BaseModel

from api.accepted import Acceptance
from api.credentials import STANDING_MATTERS, Credential, Gatekeeper
from api.preferences import wait_seconds
from api.problems import ProblemError
from api.rate_limits import RateLimits
from api.validation import read_body, read_idempotency_key, read_path_ids, read_query, refuse_body
from models.errors import DomainError


class WakingTask(Protocol):
    """A task of the workers, as far as this side knows it."""

    name: str

    def wake_soon(self, request_id: UUID) -> None:
        """Tell the workers that a request waits; never raises and keeps nobody waiting."""


@dataclass(frozen=True, slots=True)
class Operation:
    """All that is fixed about one method of one path; the middleware and the documentation both read it."""

    summary: str
    tag: str
    credential: Credential = Credential.NONE
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    # What is answered: the status, and the shape of the body (None for no JSON).
    answers: Mapping[int, type[BaseModel] | None] = field(default_factory=dict)
    # For a change: the task that makes it, and the shape of its result.
    accepts: WakingTask | None = None
    result: type[BaseModel] | None = None
    # Codes of refusals at once, and of those that the worker may find.
    refusals: tuple[type[DomainError], ...] = ()
    outcomes: tuple[type[DomainError], ...] = ()
    description: str = ""
    # A read that fans repeat many times a second may believe what was read of their token in the same tick.
    in_bursts: bool = False
    # The responder reads where the caller's token stands together with what it shows, and checks it.
    reads_standing: bool = False
    # For a write that is answered at once and heeds an Idempotency-Key: the name that its keys are kept under.
    keyed_as: str | None = None
    # Whether `Prefer: wait` is heeded; it is for whatever accepts a change.
    waits: bool = False
    media_type: str = "application/json"


Responder = TypeVar("Responder", bound=Callable[..., None])


def operation(summary: str, **declared: Any) -> Callable[[Responder], Responder]:
    """Declare a responder's operation; the arguments are the fields of `Operation`."""
    declaration = Operation(summary, **declared)

    def declare(responder: Responder) -> Responder:
        responder.operation = declaration  # type: ignore[attr-defined]
        return responder

    return declare


def operation_of(resource: object, method: str) -> Operation | None:
    """Return what a resource declared for a method; None for pages, which declare nothing."""
    responder = getattr(resource, _RESPONDERS.get(method, ""), None)
    return getattr(responder, "operation", None)


_RESPONDERS = {method: f"on_{method.lower()}" for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}


class Enforcement:
    """The middleware between the router and the responders: nothing undeclared and nothing unfit gets past it."""

    def __init__(self, gatekeeper: Gatekeeper, acceptance: Acceptance, limits: RateLimits) -> None:
        """Take who reads credentials, who knows what was accepted before, and who comes too often."""
        self._gatekeeper, self._acceptance, self._limits = gatekeeper, acceptance, limits

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Check credential, ids, key, body, query and the token's standing, in this order."""
        declared = operation_of(resource, req.method)
        if declared is None:
            if req.method in {"GET", "HEAD"}:
                refuse_body(req)
            return
        context = req.context
        context.operation = declared
        self._limits.check_address(req)
        if declared.credential is not Credential.NONE:
            context.caller = caller = self._gatekeeper.admit(req, declared.credential)
            self._limits.check_caller(caller.user_id, caller.token.id if caller.token else None)
            resp.set_header("Cache-Control", "no-store")
        if params:
            read_path_ids(params)
        if declared.accepts is not None or declared.keyed_as is not None:
            context.target, context.idempotency_key = dict(params), read_idempotency_key(req)
        if declared.accepts is not None or declared.waits:
            context.wait_seconds = wait_seconds(req)
        if declared.body is not None:
            context.body = read_body(req, declared.body)
        else:
            refuse_body(req)
        if declared.query is not None:
            context.query = read_query(req, declared.query)
        if declared.credential in STANDING_MATTERS and not declared.reads_standing:
            self._check_standing(req, resp, declared)

    def _check_standing(self, req: falcon.Request, resp: falcon.Response, declared: Operation) -> None:
        try:
            self._gatekeeper.check_standing(req.context.caller, declared.credential, in_bursts=declared.in_bursts)
        except (DomainError, ProblemError):
            # What was accepted under this key was accepted: the payment itself may have used up the token.
            if declared.accepts is None or not self._acceptance.replay(req, resp):
                raise
            resp.complete = True
