"""P3 to P6, P12: what is read again and again, beside a constant answer and beside a first honest version."""

from itertools import count

from bench import journeys
from bench.load import Client
from bench.ratio import Figure, Result, alternate
from bench.rig import Rig, Server, authority
from bench.seeding import Concert
from bench.stack import Stack
from cli.sale.wire import Answer, request_bytes

CLIENTS = 32
# A whole list of a first version takes a fifth of a second of a core; more readers would only wait longer at the end.
READERS = 8
SEATS = 10_000
DATES, DATE_SEATS = 60, 2_000
PAGE = 500
SAMPLE = 10_000
VISITORS = 500
POLL = "/v1/queue-tokens/current"


def polling(rig: Rig) -> list[Result]:
    """P3: fans who wait ask where they are."""
    result = Result("P3", "poll of waiting fans ÷ bare Falcon", "per s", 0.7)
    ours = poll_rate(rig, rig.small, line(rig, rig.small, 10_000), result)
    return [alternate(result, rig.rounds, ours, bare_rate(rig, result))]


def long_line(rig: Rig) -> list[Result]:
    """P4: the same with a very long line beside a short one; two stacks, so that nothing is shared."""
    result = Result("P4", f"poll with {rig.crowd:,} waiting ÷ with 1,000", "per s", 0.95)
    # As many different fans poll both, so that the length of the line is all the difference.
    long = poll_rate(rig, rig.large, line(rig, rig.large, rig.crowd), result, sample=1_000)
    short = poll_rate(rig, rig.small, line(rig, rig.small, 1_000), sample=1_000)
    return [alternate(result, rig.rounds, long, short)]


def queue_view(rig: Rig) -> list[Result]:
    """P5: the public view of a line."""
    result = Result("P5", "GET /v1/queues/{id} ÷ bare Falcon", "per s", 0.7)
    ours = queue_rate(rig, rig.small, line(rig, rig.small, 10_000), result)
    return [alternate(result, rig.rounds, ours, bare_rate(rig, result))]


def line(rig: Rig, stack: Stack, waiting: int) -> Concert:
    """Make a concert that is full, with so many fans waiting for it."""
    seeder = rig.seeder(stack)
    concert = seeder.concert(capacity=100)
    rig.say(f"putting {waiting:,} fans into a line")
    seeder.active(concert.id, 100)
    seeder.waiting(concert.id, waiting)
    return concert


def poll_rate(
    rig: Rig, stack: Stack, concert: Concert, result: Result | None = None, *, sample: int = SAMPLE
) -> Figure:
    """Return what measures one round of polls by fans from all over a line."""
    seeder = rig.seeder(stack)
    fans = seeder.claims(concert.id, "waiting", sample)
    journey = journeys.get(authority(stack), [(POLL, seeder.bearer(fan)) for fan in fans])
    return lambda: rig.drive(stack, journey, CLIENTS, result).per_second


def queue_rate(rig: Rig, stack: Stack, concert: Concert, result: Result | None = None) -> Figure:
    """Return what measures one round of views of a line."""
    journey = journeys.get(authority(stack), [(f"/v1/queues/{concert.id}", {})])
    return lambda: rig.drive(stack, journey, CLIENTS, result).per_second


def bare_rate(rig: Rig, result: Result) -> Figure:
    """Return what measures one round of the constant answer."""
    server = rig.bare
    journey = journeys.get(authority(server), [("/", {"Authorization": "Bearer " + "x" * 150})])
    return lambda: rig.drive(server, journey, CLIENTS, result).per_second


def seat_list(rig: Rig) -> list[Result]:
    """P6: the whole seat list of 10,000 seats, page by page: how often, and how many bytes."""
    seeder = rig.seeder(rig.small)
    concert = seeder.concert(seats=SEATS)
    # So many that nobody among them comes more often than one fan may.
    fans = seeder.active(concert.id, VISITORS)
    bearers, ids = [seeder.bearer(fan) for fan in fans], [{"Authorization": f"Bearer {fan.id}"} for fan in fans]
    rate = Result("P6/rate", "seat list of 10,000, revisited (ETag) ÷ first honest version", "lists per s", 10.0)
    first = Result("P6/first", "seat list of 10,000, compressed, no ETag known ÷ first honest version", "lists per s")
    size = Result("P6/bytes", "bytes of a first honest list ÷ ours compressed", "kB", 10.0)
    ours = SeatReader(rig, rig.small, f"/v1/performances/{concert.performance_id}/seats", bearers)
    honest = SeatReader(rig, rig.honest_lists, f"/performances/{concert.performance_id}/seats", ids)
    alternate(rate, rig.rounds, lambda: ours.rate(rate, known=True), honest.rate)
    alternate(first, rig.rounds, lambda: ours.rate(first), honest.rate)
    size.ours, size.floor = [ours.whole_bytes / 1000], [honest.whole_bytes / 1000]
    size.ratios = [honest.whole_bytes / ours.whole_bytes]
    size.detail["kB when nothing changed"] = ours.revisit_bytes / 1000
    return [rate, first, size]


def listing(rig: Rig) -> list[Result]:
    """P12: the programme of 500 concerts, and the dates of a concert with 60 of 2,000 seats each."""
    seeder = rig.seeder(rig.small)
    concert = seeder.concert(seats=DATE_SEATS, dates=DATES)
    rig.say(f"putting {PAGE} concerts on the programme")
    for _ in range(PAGE):
        seeder.concert(seats=1)
    fans = seeder.active(concert.id, VISITORS)
    bearers, ids = [seeder.bearer(fan) for fan in fans], [{"Authorization": f"Bearer {fan.id}"} for fan in fans]
    programme = Result("P12/programme", "programme of 500 concerts, compressed ÷ first honest version", "per s", 10.0)
    dates = Result("P12/dates", "dates of a concert with 60 ÷ first honest version", "per s", 10.0)

    def rate(server: Stack | Server, path: str, headers: list[dict[str, str]], result: Result | None = None) -> Figure:
        journey = journeys.get(authority(server), [(path, one | {"Accept-Encoding": "gzip"}) for one in headers])
        return lambda: rig.drive(server, journey, READERS, result).per_second

    alternate(
        programme,
        rig.rounds,
        rate(rig.small, f"/v1/concerts?limit={PAGE}", [{}], programme),
        rate(rig.honest_lists, f"/concerts?limit={PAGE}", [{}]),
    )
    alternate(
        dates,
        rig.rounds,
        rate(rig.small, f"/v1/concerts/{concert.id}/dates", bearers, dates),
        rate(rig.honest_lists, f"/concerts/{concert.id}/dates", ids),
    )
    return [programme, dates]


class SeatReader:
    """Reads whole seat lists as a browser would: compressed when offered, with the ETags it has seen."""

    def __init__(self, rig: Rig, server: object, path: str, bearers: list[dict[str, str]]) -> None:
        self.rig = rig
        self.server = server
        self.path = path
        self.visitors = [bearer | {"Accept-Encoding": "gzip"} for bearer in bearers]
        self.visits = count()
        self.parameter = "cursor" if "/v1/" in path else "after"
        self.pages: list[str] = []
        self.tags: dict[str, str] = {}
        self.whole_bytes = 0
        self.revisit_bytes = 0

    def rate(self, result: Result | None = None, *, known: bool = False) -> float:
        """Measure one round of whole lists per second; `known` sends the ETags of an earlier visit."""
        if not self.pages:
            self._learn()
        load = self.rig.drive(self.server, self._journey(known=known), READERS, result)  # type: ignore[arg-type]
        each = load.received // load.completed
        if known:
            self.revisit_bytes = each
        else:
            self.whole_bytes = each
        return load.per_second

    def _learn(self) -> None:
        """Walk through the pages once, uncompressed, to know their addresses and ETags."""
        import httpx

        cursor: str | None = ""
        while cursor is not None:
            where = f"{self.path}?limit={PAGE}" + (f"&{self.parameter}={cursor}" if cursor else "")
            headers = self.visitors[0] | {"Accept-Encoding": "identity"}
            page = httpx.get(self.server.url + where, headers=headers).raise_for_status()  # type: ignore[attr-defined]
            self.pages.append(where)
            cursor = page.json()["next_cursor"]

    def _journey(self, *, known: bool) -> journeys.Journey:
        host = authority(self.server)  # type: ignore[arg-type]

        async def journey(client: Client) -> None:
            visitor = self.visitors[next(self.visits) % len(self.visitors)]
            for where in self.pages:
                tag = {"If-None-Match": self.tags[where]} if known and where in self.tags else {}
                answer = await client.send(request_bytes("GET", where, host, visitor | tag))
                self._remember(where, answer)

        return journey

    def _remember(self, where: str, answer: Answer) -> None:
        tag = answer.header("ETag")
        if tag is not None:
            self.tags[where] = tag
