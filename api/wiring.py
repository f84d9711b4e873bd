"""What resources are given: the settings, and the few objects that one process shares."""

from dataclasses import dataclass
from functools import partial

from api.accepted import Acceptance
from api.cache import Cache
from api.credentials import Gatekeeper
from api.deferred_answers import DeferredAnswers
from api.freshness import Freshness
from api.left_tokens import LeftTokens
from api.lines import Lines
from api.open_dates import OpenDates
from api.programme import Programme
from api.rate_limits import RateLimits
from api.seat_pages import SeatPages
from api.task_view import TaskView
from api.token_signature import TokenSignature
from settings import Settings
from workers import changes
from workers.broker import Broker, broker_of
from workers.tally import Tally


@dataclass(frozen=True, slots=True)
class Wiring:
    """The parts of one application, made once by `wire`."""

    settings: Settings
    gatekeeper: Gatekeeper
    acceptance: Acceptance
    tasks: TaskView
    deferred_answers: DeferredAnswers
    left_tokens: LeftTokens
    lines: Lines
    programme: Programme
    open_dates: OpenDates
    seat_pages: SeatPages
    broker: Broker
    limits: RateLimits
    tally: Tally


def wire(settings: Settings) -> Wiring:
    """Make the parts of an application; opens no connection."""
    signature, lines = TokenSignature(settings.secret), Lines()
    left, broker = LeftTokens(), broker_of(settings)
    tasks = TaskView(signature, settings.policy)
    deferred_answers = DeferredAnswers(tasks, broker, left)
    freshness = Freshness(partial(changes.version, broker, changes.SEATS))
    # To count what is left is dear: seats that change in a rush are counted twice a tick.
    dates_freshness = Freshness(partial(changes.version, broker, changes.SEATS), most_turns=1)
    # Operators change it, who may look after each change.
    programme_freshness = Freshness(partial(changes.version, broker, changes.PROGRAMME), most_turns=1_000)
    cache = Cache()
    return Wiring(
        settings=settings,
        gatekeeper=Gatekeeper(settings, signature, lines, freshness),
        acceptance=Acceptance(tasks, deferred_answers),
        tasks=tasks,
        deferred_answers=deferred_answers,
        left_tokens=left,
        lines=lines,
        programme=Programme(broker, programme_freshness, cache),
        open_dates=OpenDates(dates_freshness, cache),
        seat_pages=SeatPages(freshness, cache),
        broker=broker,
        limits=RateLimits(settings, broker),
        tally=Tally(broker),
    )


class Resource:
    """One URL; its responders declare their operations."""

    def __init__(self, wiring: Wiring) -> None:
        """Keep the parts."""
        self.wiring = wiring
