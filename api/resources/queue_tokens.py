"""Queue tokens: join the line, see where one stands, leave."""

from datetime import timedelta

import falcon

from api import lanes
from api.caching import answer
from api.credentials import Credential, note_use, standing_of
from api.lanes import Lane
from api.operation import operation
from api.pressure import pressure
from api.schemas.queue_tokens import IssuedQueueTokenView, IssueQueueToken, QueueTokenView
from api.token_signature import QueueTokenClaims
from api.wiring import Resource, Wiring
from models import clock
from models.errors import (
    ConcertNotFoundError,
    JoinLimitError,
    QueueClosedError,
    QueueEndedError,
    SaleOverError,
    TokenExpiredError,
    TokenInvalidError,
)
from models.queue_token import LIVE, QueueTokenStatus, Standing, expired
from workers.queue_tokens import issue, leave

TAG = "Queue tokens"


class QueueTokens(Resource):
    """`/v1/queue-tokens`."""

    @operation(
        "Join the line of a concert",
        tag=TAG,
        credential=Credential.IDENTITY,
        body=IssueQueueToken,
        accepts=issue,
        result=IssuedQueueTokenView,
        outcomes=(ConcertNotFoundError, QueueEndedError, QueueClosedError, SaleOverError, JoinLimitError),
        description="Whoever has a live token for the concert gets the same one back, not a second place in line.",
    )
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Accept a place in line."""
        name = req.context.caller.name
        known_as = {"name": name} if name else {}
        self.wiring.acceptance.accept(req, resp, concert_id=req.context.body.concert_id, **known_as)


class CurrentQueueToken(Resource):
    """`/v1/queue-tokens/current`: the token that is the credential."""

    def __init__(self, wiring: Wiring) -> None:
        """Take what every poll needs at hand."""
        super().__init__(wiring)
        self._policy = wiring.settings.policy

    @operation(
        "See where one stands",
        tag=TAG,
        credential=Credential.QUEUE_TOKEN,
        answers={200: QueueTokenView},
        refusals=(TokenExpiredError,),
        description="Ask again as `Retry-After` says (`poll_after_seconds`), or look at the public document of the line"
        " as `watch` says. An admission that is not used is withdrawn a while after its fan was told to ask again. When"
        " the line was ended, `token_expired` has the member `reason`: `queue_ended`.",
    )
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell status and position, from memory as long as the line's snapshot knows that the token waits."""
        token = req.context.caller.queue_token
        try:
            snapshot = self.wiring.lines.of(token.concert_id, token.place)
        except ConcertNotFoundError as error:
            message = "There is no such queue token."
            raise TokenInvalidError(message) from error
        # What was left in this very tick is known from its announcement alone.
        hears = self.wiring.deferred_answers.hears and token.id not in self.wiring.left_tokens
        standing = self._as_waiting(token) if hears and snapshot.knows_waiting(token.place) else None
        if standing is None or standing.is_over(clock.utcnow()):
            standing = _current(token, self._policy.retention)
        view = standing.view(snapshot.line, self._policy, pressure.stretch)
        if standing.status == QueueTokenStatus.WAITING and view["watch"] == "token":
            lanes.note(Lane.NEXT)
        resp.set_header("Retry-After", str(view["poll_after_seconds"]))
        answer(resp, view)

    def _as_waiting(self, token: QueueTokenClaims) -> Standing:
        """Tell from the token itself what its row says as long as it waits."""
        return Standing(
            token.id,
            token.concert_id,
            token.user_id,
            token.place,
            QueueTokenStatus.WAITING,
            token.issued_at,
            None,
            None,
            token.issued_at + self._policy.waiting_token,
        )

    @operation(
        "Leave the line",
        tag=TAG,
        credential=Credential.LIVE_TOKEN,
        accepts=leave,
        result=QueueTokenView,
        outcomes=(TokenExpiredError,),
        description="The place is given up, and a held seat of this token is freed.",
    )
    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Accept that the place is given up."""
        self.wiring.acceptance.accept(req, resp, queue_token_id=req.context.caller.queue_token.id)


def _current(token: QueueTokenClaims, retention: timedelta) -> Standing:
    """Read where a token stands; an admitted fan counts as come. Raises `TokenInvalidError`, `TokenExpiredError`."""
    standing = standing_of(token)
    now = clock.utcnow()
    standing.check_readable(now, retention)
    if standing.status != QueueTokenStatus.COMPLETED and (standing.status not in LIVE or standing.is_over(now)):
        raise expired(standing.status, standing.end_reason)
    if standing.status == QueueTokenStatus.ACTIVE:
        lanes.note(Lane.INSIDE)
        note_use(standing, now)
    return standing
