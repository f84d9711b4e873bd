"""Bearer tokens: who is calling, and whether that is enough for an operation."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple

import falcon

from api import lanes
from api.freshness import Freshness
from api.identity import Identities, Identity, IdentityExpiredError, IdentityInvalidError
from api.lanes import Lane
from api.lines import Lines
from api.problems import ProblemError
from api.refusal_log import RefusalLog
from api.token_signature import PREFIX, QueueTokenClaims, TokenSignature
from models import clock
from models.database import DatabaseUnavailableError, check_clock, read_session, write_session
from models.errors import NotAdmittedError, TokenInvalidError, WrongConcertError
from models.gathering import Gathering
from models.pacing import told
from models.queue_token import QueueToken, QueueTokenStatus, Standing
from settings import Settings


class Credential(Enum):
    """What an operation asks for; the value is how the documentation says it."""

    NONE = "none"
    IDENTITY = "an identity"
    OPERATOR = "an identity whose scope holds `operator`"
    OWNER = (
        "the owner: their identity, or a queue token of theirs for what belongs to its concert, until as long after its"
        " end as outcomes are kept"
    )
    QUEUE_TOKEN = "a genuine queue token"  # noqa: S105  # It is a sentence.
    LIVE_TOKEN = "a queue token that waits or is active"  # noqa: S105
    ACTIVE_TOKEN = "an active queue token"  # noqa: S105
    LIVE_TOKEN_OR_IDENTITY = "a queue token that waits or is active, or an identity"  # noqa: S105


IDENTITY_WILL_DO: Final = frozenset(
    {Credential.IDENTITY, Credential.OPERATOR, Credential.OWNER, Credential.LIVE_TOKEN_OR_IDENTITY}
)
QUEUE_TOKEN_WILL_DO: Final = frozenset(Credential) - {Credential.NONE, Credential.IDENTITY, Credential.OPERATOR}
# For these it matters where the token stands, not only that it is genuine.
STANDING_MATTERS: Final = frozenset(
    {Credential.LIVE_TOKEN, Credential.ACTIVE_TOKEN, Credential.LIVE_TOKEN_OR_IDENTITY, Credential.OWNER}
)


class Caller(NamedTuple):
    """Who is calling; `token` is set when he came with a queue token."""

    user_id: str
    token: QueueTokenClaims | None = None
    # What the identity calls its bearer; unknown with a queue token.
    name: str | None = None

    @property
    def queue_token(self) -> QueueTokenClaims:
        """The queue token of an operation that takes nothing else."""
        if self.token is None:
            message = "A queue token is needed here."
            raise TokenInvalidError(message)
        return self.token

    @property
    def concert_id(self) -> int | None:
        """The one concert that the caller speaks for; None, with an identity, for all."""
        return self.token.concert_id if self.token else None

    def check_concert(self, concert_id: int) -> None:
        """Refuse with `WrongConcertError` when the queue token is for another concert."""
        if self.queue_token.concert_id != concert_id:
            message = f"The queue token is for concert {self.queue_token.concert_id}, not for {concert_id}."
            raise WrongConcertError(message, concert_id=self.queue_token.concert_id)


class Gatekeeper:
    """Reads bearer tokens and says who may pass."""

    def __init__(self, settings: Settings, signature: TokenSignature, lines: Lines, freshness: Freshness) -> None:
        """Take the keys from the settings; `lines` tells a fan who still waits his position."""
        self._identities = Identities(settings, _measure_clock)
        self._refusals = RefusalLog()
        self._signature = signature
        self._lines = lines
        self._recent = RecentStandings(freshness)
        self._policy = settings.policy

    def admit(self, req: falcon.Request, credential: Credential) -> Caller:
        """Return who is calling when his credential is genuine and of the right kind; asks no server but the time."""
        token = _bearer(req)
        if token.startswith(PREFIX):
            claims = self._signature.read(token)
            if claims is None or credential not in QUEUE_TOKEN_WILL_DO:
                message = "The queue token is not genuine, or not what is asked for here."
                raise TokenInvalidError(message)
            return Caller(claims.user_id, claims)
        if credential not in IDENTITY_WILL_DO:
            message = "A queue token is needed here."
            raise TokenInvalidError(message)
        identity = self._read_identity(req, token)
        if credential is Credential.OPERATOR and not identity.is_operator:
            raise ProblemError(code="insufficient_scope", detail="The identity's scope does not hold `operator`.")
        if credential is Credential.OPERATOR:
            lanes.note(Lane.INSIDE)
        return Caller(identity.user_id, name=identity.name)

    def start(self) -> None:
        """Begin to read the identity provider's keys, if there are any, in the background."""
        self._identities.start()

    def _read_identity(self, req: falcon.Request, token: str) -> Identity:
        """Read an identity; why it is refused is told to the log alone."""
        try:
            return self._identities.read(token)
        except (IdentityInvalidError, IdentityExpiredError) as refused:
            self._refusals.note(refused.reason, req.context.get("request_id"))
            raise

    def check_standing(self, caller: Caller, credential: Credential, *, in_bursts: bool = False) -> None:
        """Refuse unless the caller's queue token, if he came with one, still does what is asked for.

        A read that comes `in_bursts` believes what this process read of the token in the same tick.
        Raises `TokenInvalidError`, `TokenExpiredError`, or a `not_admitted` problem.
        """
        if credential not in STANDING_MATTERS or caller.token is None:
            return
        now = clock.utcnow()
        standing = self._recent.of(caller.token, now) if in_bursts else standing_of(caller.token)
        if credential is Credential.OWNER:
            standing.check_readable(now, self._policy.retention)
            return
        standing.check_live(now)
        if standing.status == QueueTokenStatus.ACTIVE:
            lanes.note(Lane.INSIDE)
            note_use(standing, now)
        elif credential is Credential.ACTIVE_TOKEN:
            raise self._not_admitted(caller.token)

    def lane_of(self, token: str) -> Lane | None:
        """Return the lane of a queue token as far as it is known without asking a server; None of a forged one."""
        claims = self._signature.read(token)
        if claims is None:
            return None
        snapshot = self._lines.last(claims.concert_id)
        if snapshot is None:
            # A genuine token of a line that nobody asked this process about: it may be inside. Its request, once
            # served, makes the line known.
            return Lane.NEXT
        line = snapshot.line
        if claims.place > line.serving_number and not line.comes_soon(claims.place):
            return Lane.OUTSIDE
        # Admitted some time ago, or about to be: whether it still is, its row says.
        return Lane.NEXT

    def _not_admitted(self, token: QueueTokenClaims) -> ProblemError:
        line = self._lines.of(token.concert_id, token.place).line
        position = line.position(token.place)
        paced = told(line.pacing_wait_seconds(position), token.id, self._policy)
        return ProblemError(
            code=NotAdmittedError.code,
            detail=f"The queue token still waits, at position {position}.",
            headers={"Retry-After": str(paced.seconds)},
            position=position,
        )


class RecentStandings:
    """Where tokens stood that were asked for a moment ago, once their use was noted."""

    def __init__(self, freshness: Freshness) -> None:
        """Start with none."""
        self._freshness = freshness
        self._mark, self._standings = -1, dict[int, Standing]()

    def of(self, token: QueueTokenClaims, now: datetime) -> Standing:
        """Return where a token stands, as fresh as `Freshness` asks for. Raises `TokenInvalidError`."""
        mark = self._freshness.mark(now)
        if mark != self._mark:
            self._mark, self._standings = mark, {}
        found = self._standings.get(token.id)
        if found is None or found.used_at is None:
            found = self._standings[token.id] = standing_of(token)
        return found


def _measure_clock() -> None:
    with suppress(DatabaseUnavailableError):
        check_clock()


def standing_of(token: QueueTokenClaims) -> Standing:
    """Read where a genuine token stands. Raises `TokenInvalidError` when the database knows it no more."""
    check_clock()  # Whether its time is over is asked next.
    return genuine(token, _standings(token.id))


def genuine(token: QueueTokenClaims, standing: Standing | None) -> Standing:
    """Return what was read of a token when it is of this very token. Raises `TokenInvalidError`."""
    # The same secret may sign for a database that was made anew: then ids come again, users do not match.
    if standing is None or (standing.user_id, standing.place) != (token.user_id, token.place):
        message = "There is no such queue token."
        raise TokenInvalidError(message)
    return standing


def _ask_standings(token_ids: Sequence[int]) -> Sequence[Standing | None]:
    with read_session():
        return QueueToken.standings(token_ids)


_standings = Gathering(_ask_standings)


def note_use(standing: Standing, now: datetime) -> None:
    """Note that an admitted fan came, so that his place inside is not given to the next one."""
    if standing.used_at is None:
        with write_session():
            QueueToken.mark_used(standing.id, now)


def _bearer(req: falcon.Request) -> str:
    scheme, _, token = (req.env.get("HTTP_AUTHORIZATION") or "").partition(" ")
    token = token.strip()
    if not scheme:
        raise ProblemError(code="token_missing", detail="Send a credential as `Authorization: Bearer <token>`.")
    if scheme.lower() != "bearer" or not token:
        message = "The Authorization header is not `Bearer <token>`."
        raise TokenInvalidError(message)
    return token
