"""Points and their ledger."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.shape import Id, Points, RequestBody, Time, UserId, View
from models.points import LARGEST_CHARGE


class ChargePoints(RequestBody):
    """Add points to the caller's balance."""

    amount: Annotated[int, Field(ge=1, le=LARGEST_CHARGE)]


class BalanceView(View):
    """What a user can pay with."""

    user_id: UserId
    balance: Points


class ChargedView(BalanceView):
    """The balance after a charge, and the ledger entry that says so."""

    entry_id: Id


class EntryView(View):
    """One line of the ledger; what went out is negative."""

    id: Id
    kind: Literal["charge", "payment", "refund"]
    amount: Points
    balance_after: Points
    created_at: Time
    reference: str = Field(description="What it was for, such as `payment:7`.")
