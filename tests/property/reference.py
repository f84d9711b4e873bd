"""The sale as a few dictionaries: what the domain should do, said as simply as it can be said."""

from dataclasses import dataclass, field

HOLD, ACTIVE, UNUSED, WAITING, LIMIT, RELEASED, JOINS = 300, 600, 60, 86_400, 4, 30, 10
LIVE = ("waiting", "active")


@dataclass
class Token:
    """A fan's place; times are seconds since the start."""

    user: str
    expires_at: float
    issued_at: float
    status: str = "waiting"
    admitted_at: float | None = None
    # When they were to ask again: pacing is tested on its own (test_pacing.py), and known here.
    asks_by: float = 0.0
    used: bool = False
    # Over with its line, and no sweep has written it down yet.
    ended_with_line: bool = False


@dataclass
class Hold:
    """Seats of a fan."""

    user: str
    seats: frozenset[int]
    token: int
    expires_at: float
    status: str = "held"
    released_at: float = float("-inf")


@dataclass
class Reference:
    """One concert. Each verb returns the code of the refusal, or "done"."""

    capacity: int
    price: int
    now: float = 0.0
    tokens: list[Token] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    balances: dict[str, int] = field(default_factory=dict)
    seats: int = 0
    state: str = "open"
    sold_out: bool = False

    # --- the line ----------------------------------------------------------------------------------------------------

    def newest(self, user: str) -> int | None:
        found = [index for index, token in enumerate(self.tokens) if token.user == user]
        return found[-1] if found else None

    def join(self, user: str) -> str:
        index = self.newest(user)
        if index is not None and self.tokens[index].status in LIVE:
            if self.tokens[index].expires_at > self.now:
                return "done"
            self.tokens[index].status = "expired"
        elif index is not None and self.tokens[index].ended_with_line:
            self.tokens[index].ended_with_line = False
        if refusal := self.refuses_newcomers():
            return refusal
        lately = [token for token in self.tokens if token.user == user and token.issued_at > self.now - 3600]
        if len(lately) >= JOINS:
            return "join_limit"
        self.tokens.append(Token(user, self.now + WAITING, self.now))
        return "done"

    def refuses_newcomers(self) -> str | None:
        if self.state in ("closed", "ended"):
            return f"queue_{self.state}"
        return "sale_over" if self.sold_out else None

    def steer(self, state: str) -> None:
        self.state = state
        for token in self.tokens if state == "ended" else ():
            if token.status == "waiting":
                token.status, token.ended_with_line = "expired", True

    def look_at_sales(self) -> None:
        self.sold_out = all(self.seat(number) == "sold" for number in range(self.seats))

    def leave(self, index: int) -> str:
        token = self.tokens[index]
        if token.status not in LIVE or token.expires_at <= self.now:
            return "token_expired"
        token.status = "left"
        self.give_back(index)
        return "done"

    def give_back(self, index: int) -> None:
        for hold in self.holds:
            if hold.token == index and hold.status == "held":
                if hold.expires_at <= self.now:
                    hold.status = "expired"
                else:
                    hold.status, hold.released_at = "released", self.now

    def expire_active(self) -> int:
        ended = 0
        for token in self.tokens:
            unused = not token.used and token.asks_by <= self.now - UNUSED
            if token.status == "active" and (token.expires_at <= self.now or unused):
                token.status, ended = "expired", ended + 1
        return ended

    def expire_tokens(self) -> int:
        ended = self.expire_active()
        for token in self.tokens:
            ended, token.ended_with_line = ended + token.ended_with_line, False
            if token.status == "waiting" and token.expires_at <= self.now:
                token.status, ended = "expired", ended + 1
        return ended

    def promote(self) -> int:
        if self.state not in ("open", "closed"):
            return 0
        if any(token.status == "waiting" for token in self.tokens):
            self.expire_active()
        room = self.capacity - sum(token.status == "active" for token in self.tokens)
        waiting = [token for token in self.tokens if token.status == "waiting" and token.expires_at > self.now]
        admitted = waiting[: max(0, room)]
        for token in admitted:
            token.status, token.admitted_at, token.expires_at = "active", self.now, self.now + ACTIVE
        return len(admitted)

    def position(self, index: int) -> int:
        waiting = [i for i, t in enumerate(self.tokens) if t.status == "waiting" and t.expires_at > self.now]
        return waiting.index(index) + 1

    def use(self, index: int) -> None:
        if self.tokens[index].status == "active":
            self.tokens[index].used = True

    def may_buy(self, index: int) -> str | None:
        token = self.tokens[index]
        if token.status not in LIVE or token.expires_at <= self.now:
            return "token_expired"
        return "not_admitted" if token.status == "waiting" else None

    # --- seats and money ---------------------------------------------------------------------------------------------

    def stands(self, hold: Hold) -> bool:
        return hold.status == "confirmed" or (hold.status == "held" and hold.expires_at > self.now)

    def seat(self, number: int) -> str:
        for hold in self.holds:
            if number in hold.seats and self.stands(hold):
                return "sold" if hold.status == "confirmed" else "held"
        return "available"

    def hold(self, index: int, seats: frozenset[int], replaces: int | None = None) -> str:
        user = self.tokens[index].user
        if refusal := self.may_buy(index):
            return refusal
        replaced = None if replaces is None else self.holds[replaces]
        if replaced and (refusal := self.may_replace(index, replaced)):
            return refusal
        own = replaced.seats if replaced else frozenset()
        if any(self.seat(number) != "available" for number in seats - own):
            return "seat_taken"
        has = sum(len(hold.seats) for hold in self.holds if hold.user == user and self.stands(hold)) - len(own)
        if has + len(seats) > LIMIT:
            return "seat_limit_exceeded"
        if any(h.user == user and h.seats & (seats - own) and h.released_at > self.now - RELEASED for h in self.holds):
            return "seat_released"
        for hold in self.holds:
            if hold.status == "held" and hold.seats & seats and hold is not replaced:
                hold.status = "expired"
        token = self.tokens[index]
        until = min(self.now + HOLD, token.admitted_at + ACTIVE + HOLD)
        if replaced:
            until = replaced.expires_at if own & seats else until
            replaced.status, replaced.released_at = "released", self.now
        self.holds.append(Hold(user, seats, index, until))
        token.expires_at = max(token.expires_at, until)
        self.tokens[index].used = True
        return "done"

    def may_replace(self, index: int, hold: Hold) -> str | None:
        if hold.token != index:
            return "reservation_not_found"
        return None if hold.status == "held" and hold.expires_at > self.now else "reservation_not_held"

    def release(self, hold: Hold) -> str:
        if hold.status != "held" or hold.expires_at <= self.now:
            return "reservation_not_held"
        hold.status, hold.released_at = "released", self.now
        return "done"

    def expire_holds(self) -> int:
        lapsed = [hold for hold in self.holds if hold.status == "held" and hold.expires_at <= self.now]
        for hold in lapsed:
            hold.status = "expired"
        return len(lapsed)

    def charge(self, user: str, amount: int) -> str:
        self.balances[user] = self.balances.get(user, 0) + amount
        return "done"

    def pay(self, hold: Hold) -> str:
        index = self.newest(hold.user)
        assert index is not None
        if hold.status == "confirmed":
            return "already_paid"
        if hold.status == "expired" or (hold.status == "held" and hold.expires_at <= self.now):
            return "hold_expired"
        if hold.status != "held":
            return "reservation_not_held"
        if refusal := self.may_buy(index):
            return refusal
        amount = self.price * len(hold.seats)
        if self.balances.get(hold.user, 0) < amount:
            return "insufficient_points"
        self.balances[hold.user] -= amount
        hold.status, self.tokens[index].status = "confirmed", "completed"
        self.give_back(index)
        return "done"

    def refund(self, hold: Hold) -> str:
        if hold.status == "refunded":
            return "already_refunded"
        self.balances[hold.user] += self.price * len(hold.seats)
        hold.status = "refunded"
        return "done"
