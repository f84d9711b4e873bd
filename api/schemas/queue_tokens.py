"""Queue tokens."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.shape import Count, Id, RequestBody, Time, UserId, View


class IssueQueueToken(RequestBody):
    """Join the line of a concert."""

    concert_id: Id


class QueueTokenView(View):
    """A fan's place in the line, and then his time inside."""

    id: Id
    concert_id: Id
    user_id: UserId
    status: Literal["waiting", "active", "completed", "expired", "left"]
    place: Count = Field(description="The place in the line; the turn has come when `serving_number` reaches it.")
    position: Annotated[int, Field(ge=1)] | None = Field(
        description="1 is the next to be admitted; null when not waiting. Never grows from one poll to the next."
    )
    estimated_wait_seconds: Count | None
    issued_at: Time
    admitted_at: Time | None
    expires_at: Time
    poll_after_seconds: Count = Field(
        description="When to ask again: a tenth of the estimated wait, within limits, spread a little by token, and"
        " longer under load. Nobody loses a turn by keeping to it."
    )
    watch: Literal["queue", "token"] = Field(
        description="What to look at every `poll_after_seconds`. `queue`: the public `GET /v1/queues/{concert_id}`; ask"
        " with the token when `serving_number` comes near `place` or reaches it, when `state` changes, and every few"
        " minutes. `token`: this document."
    )
    sold_out: bool = Field(
        default=False, description="Nothing is left to be bought of the concert, unless seats come back."
    )


class IssuedQueueTokenView(QueueTokenView):
    """A queue token with the text that is its credential; only the result of its issue holds it."""

    token: str = Field(description="Opaque. Send it as `Authorization: Bearer <token>`.")
