"""The audit: asks the database for every invariant."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.database import rows
from models.invariants import INVARIANTS, UNKEPT_PROMISES

# An accepted request without an outcome is a promise not kept once it is so old.
OUTCOME_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: how much was looked at, and a sentence for each place where it does not hold."""

    name: str
    figure: int
    violations: tuple[str, ...]


def audit(now: datetime, *, seats_per_user: int, workers_run: bool = True) -> list[Check]:
    """Check every invariant; needs a session, best a repeatable-read one while the service works.

    `seats_per_user` is the limit of the sale. With `workers_run=False` requests without an outcome are
    counted but are no violation.
    """
    checks = []
    for invariant in INVARIANTS:
        parameters: dict[str, Any] = {"now": now, "promised_before": now - OUTCOME_WITHIN, "seats": seats_per_user}
        [(figure,)] = rows(invariant.figure, **parameters)
        violations = tuple(text for (text,) in rows(invariant.violations, **parameters))
        if invariant.name == UNKEPT_PROMISES and not workers_run:
            violations = ()
        checks.append(Check(invariant.name, int(figure), violations))
    return checks
