"""Points: what a user can pay with, and the append-only ledger that says why."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pony.orm import PrimaryKey, Required

from models.clock import to_rfc3339
from models.database import Entity, change, rows
from models.errors import BalanceLimitExceededError, InsufficientPointsError
from models.ids import new_id, reserve_ids
from models.locking import lock

LARGEST_CHARGE = 1_000_000
LARGEST_BALANCE = 10_000_000_000


class EntryKind(StrEnum):
    """Why a balance changed."""

    CHARGE = "charge"
    PAYMENT = "payment"
    REFUND = "refund"


class PointAccount(Entity):
    """One user's balance in points (1 point = 1 won); it equals the sum of its entries."""

    _table_ = "point_account"
    user_id = PrimaryKey(str, auto=False)
    balance = Required(int, size=64)

    @classmethod
    def locked(cls, user_id: str) -> "PointAccount":
        """Lock a user's account; it is made when it is first needed."""
        account = lock(cls, [user_id]).get(user_id)
        if account is None:
            change(_OPEN_ACCOUNTS, user_ids=[user_id])
            account = lock(cls, [user_id], anew=True)[user_id]
        return account

    @classmethod
    def lock_existing(cls, user_ids: Iterable[str]) -> None:
        """Lock the accounts of many users at once, for an entry each."""
        user_ids = list(user_ids)
        found = lock(cls, user_ids)
        if all(user_id in found for user_id in user_ids):
            # Entries count up within an account: their ids may be taken only once every account is locked.
            reserve_ids(PointEntry, len(user_ids))

    @classmethod
    def lock_for_charges(cls, user_ids: Iterable[str]) -> None:
        """Lock the accounts of many users, for an entry each; those that there are not yet are made."""
        user_ids = list(user_ids)
        found = lock(cls, user_ids)
        missing = sorted({user_id for user_id in user_ids if user_id not in found})
        if missing:
            change(_OPEN_ACCOUNTS, user_ids=missing)
            lock(cls, missing, anew=True)
        reserve_ids(PointEntry, len(user_ids))

    @classmethod
    def charge(cls, *, user_id: str, amount: int, request_id: UUID, now: datetime) -> "PointEntry":
        """Add points. Locks the account. Refuses with `BalanceLimitExceededError`."""
        account = cls.locked(user_id)
        account.check_room_for(amount)
        return account._enter(EntryKind.CHARGE, amount, f"request:{request_id}", request_id, now)  # noqa: SLF001

    @classmethod
    def covering(cls, user_id: str, amount: int) -> "PointAccount":
        """Lock an account that covers an amount. Refuses with `InsufficientPointsError`."""
        account = lock(cls, [user_id]).get(user_id)
        balance = account.balance if account else 0
        if balance < amount:
            message = f"The balance of {balance} points does not cover {amount}."
            raise InsufficientPointsError(message, balance=balance, amount=amount)
        return account or cls.locked(user_id)

    def check_room_for(self, amount: int) -> None:
        """Refuse with `BalanceLimitExceededError` when a charge would bring the balance above its limit."""
        if self.balance + amount > LARGEST_BALANCE:
            message = f"Charging cannot bring a balance above {LARGEST_BALANCE} points."
            raise BalanceLimitExceededError(message, balance=self.balance, limit=LARGEST_BALANCE)

    def pay(self, amount: int, *, payment_id: int, request_id: UUID, now: datetime) -> "PointEntry":
        """Take points for a payment; the account is locked and was checked to cover them."""
        return self._enter(EntryKind.PAYMENT, -amount, f"payment:{payment_id}", request_id, now)

    def refund(self, amount: int, *, payment_id: int, request_id: UUID, now: datetime) -> "PointEntry":
        """Give the points of a payment back; the account is locked."""
        return self._enter(EntryKind.REFUND, amount, f"payment:{payment_id}", request_id, now)

    def _enter(self, kind: EntryKind, amount: int, reference: str, request_id: UUID, now: datetime) -> "PointEntry":
        # Asked for before anything is changed, the id costs no change a trip of its own.
        entry_id = new_id(PointEntry)
        self.balance += amount
        return PointEntry(
            id=entry_id,
            user_id=self.user_id,
            kind=kind.value,
            amount=amount,
            balance_after=self.balance,
            created_at=now,
            reference=reference,
            request_id=request_id,
        )

    @staticmethod
    def balance_of(user_id: str) -> dict[str, Any]:
        """Return `{"user_id", "balance"}`; a user who never charged has 0."""
        found = rows("SELECT balance FROM point_account WHERE user_id = $user_id", user_id=user_id)
        return {"user_id": user_id, "balance": found[0][0] if found else 0}


class PointEntry(Entity):
    """One change of a balance; never altered, never deleted. Amounts are signed."""

    _table_ = "point_entry"
    id = PrimaryKey(int, size=64, auto=True)
    user_id = Required(str)
    kind = Required(str)
    amount = Required(int, size=64)
    balance_after = Required(int, size=64)
    created_at = Required(datetime, sql_type="timestamptz")
    reference = Required(str)
    request_id = Required(UUID)

    def charged(self) -> dict[str, Any]:
        """Return the result of a charge: `{"user_id", "balance", "entry_id"}`."""
        return {"user_id": self.user_id, "balance": self.balance_after, "entry_id": self.id}

    @staticmethod
    def page(user_id: str, *, limit: int, before_id: int | None = None) -> list[dict[str, Any]]:
        """Return up to `limit` entries of a user, newest first, as the contract shows them."""
        sql = """
            SELECT id, kind, amount, balance_after, created_at, reference FROM point_entry
             WHERE user_id = $user_id AND id < coalesce($before_id::bigint, 9223372036854775807)
             ORDER BY id DESC LIMIT $limit
        """
        return [
            {
                "id": id_,
                "kind": kind,
                "amount": amount,
                "balance_after": balance_after,
                "created_at": to_rfc3339(created_at),
                "reference": reference,
            }
            for id_, kind, amount, balance_after, created_at, reference in rows(
                sql, user_id=user_id, before_id=before_id, limit=limit
            )
        ]


_OPEN_ACCOUNTS = """
    INSERT INTO point_account SELECT user_id, 0 FROM unnest($user_ids::text[]) AS user_id ORDER BY user_id
    ON CONFLICT DO NOTHING
"""
