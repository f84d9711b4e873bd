"""The rig of one run: the stacks and floors it started, how long it measures, and what each load cost."""

import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from bench import processes
from bench.load import Journey, Load, drive
from bench.ratio import Result
from bench.seeding import Seeder
from bench.stack import Server, Stack, installed, start_web, start_worker


@dataclass(slots=True)
class Cost:
    """CPU seconds per role over some loads, and how many journeys they paid for."""

    journeys: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def per_journey_ms(self) -> dict[str, float]:
        """Return the CPU milliseconds of one journey, per role."""
        return {role: round(1000 * spent / max(self.journeys, 1), 4) for role, spent in sorted(self.seconds.items())}


class Rig:
    """Starts what a measure asks for when it first asks, and ends everything at `close`."""

    def __init__(self, folder: Path, *, quick: bool, say: Callable[[str], None]) -> None:
        self.folder = folder
        self.quick = quick
        self.say = say
        self.rounds = 2 if quick else 5
        self.seconds = 1.0 if quick else 4.0
        self.crowd = 20_000 if quick else 1_000_000
        self.parts: frozenset[str] = frozenset()
        self._stacks: list[Stack] = []
        self._servers: list[Server] = []
        self._seeders: dict[str, Seeder] = {}
        self._costs: dict[tuple[str, str], Cost] = {}

    @cached_property
    def small(self) -> Stack:
        """Our stack with little in its database."""
        return self.stack("small")

    @cached_property
    def large(self) -> Stack:
        """Our stack, into whose lines a measure puts a million fans."""
        return self.stack("large")

    def stack(self, name: str, *, as_installed: bool = False, settings: dict[str, str] | None = None) -> Stack:
        """Start one more stack of ours; `as_installed` in an environment of its own, with what an operator gets.

        `settings` are variables of its environment.
        """
        python = sys.executable
        if as_installed:
            self.say("installing what an operator gets")
            python = installed(self.folder)
        self.say(f"starting the {name} stack")
        stack = Stack.start(self.folder, name, settings, python=python)
        self._stacks.append(stack)
        return stack

    def end_stack(self, stack: Stack) -> None:
        """End a stack that is no longer needed."""
        self._stacks.remove(stack)
        if stack.url in self._seeders:
            self._seeders.pop(stack.url).close()
        stack.server.stop()

    def seeder(self, stack: Stack) -> Seeder:
        """Return the one writer into a stack's database."""
        return self._seeders.setdefault(stack.url, Seeder(stack))

    @cached_property
    def bare(self) -> Server:
        """The floor that answers a constant."""
        return self._web("bench.floors.bare_falcon:application", {})

    @cached_property
    def textbook(self) -> Server:
        """The floor with a Celery task and AsyncResult; a database of its own on the small stack's broker."""
        url = self.small.broker_url
        broker = url.replace("virtual_host=0", "virtual_host=9") if "virtual_host=" in url else url + "/9"
        self._servers.append(start_worker(self.folder, broker))
        return self._web("bench.floors.textbook:application", {"BENCH_BROKER_URL": broker}, "/tasks/0")

    @cached_property
    def honest_lists(self) -> Server:
        """The floor that lists the small stack's seats, concerts and dates as a first version would."""
        environment = {"BENCH_DATABASE_URL": self.small.database_url}
        return self._web("bench.floors.lists:application", environment, "/nothing")

    def _web(self, application: str, environment: dict[str, str], path: str = "/") -> Server:
        self.say(f"starting {application}")
        server = start_web(self.folder, application, environment, path)
        self._servers.append(server)
        return server

    def drive(self, server: Stack | Server, journey: Journey, clients: int, result: Result | None = None) -> Load:
        """Run one round of a load; with a result, note what it cost the server and how the answers were."""
        before = self._cpu(server)
        load = drive(server.url, journey, clients=clients, seconds=self.seconds)
        check(load)
        if result is not None:
            self._note(result, server, load, processes.spent(before, self._cpu(server)))
        return load

    def _cpu(self, server: Stack | Server) -> dict[str, float]:
        """Read the CPU time of a stack of ours, or of all floors and the broker that they use."""
        if isinstance(server, Stack):
            return processes.cpu_by_role(server.server.pid)
        seconds: dict[str, float] = defaultdict(float)
        for floor in self._servers:
            for role, used in processes.cpu_by_role(floor.pid).items():
                seconds[role] += used
        if server is not self.__dict__.get("bare"):
            seconds["broker"] = processes.cpu_by_role(self.small.server.pid)["broker"]
        return seconds

    def _note(self, result: Result, server: Stack | Server, load: Load, spent: dict[str, float]) -> None:
        whose = "" if isinstance(server, Stack) else "floor_"
        cost = self._costs.setdefault((result.name, whose), Cost())
        cost.journeys += load.completed
        for role, seconds in {**spent, "load generator": load.cpu}.items():
            cost.seconds[role] += seconds
        result.detail[f"{whose}cpu_ms_per_journey"] = cost.per_journey_ms()
        result.detail.setdefault(f"{whose}p50_ms", []).append(round(load.latency(0.5) * 1000, 3))
        result.detail.setdefault(f"{whose}p99_ms", []).append(round(load.latency(0.99) * 1000, 3))

    def close(self) -> None:
        """End everything this run started."""
        for seeder in self._seeders.values():
            seeder.close()
        for server in reversed(self._servers):
            server.stop()
        for stack in self._stacks:
            stack.server.stop()


def check(load: Load) -> None:
    """Refuse a round whose answers were not what was meant to be measured (RuntimeError)."""
    wrong = {status: count for status, count in load.statuses.items() if status >= 400}
    if wrong or not load.completed:
        raise RuntimeError(f"not a measurement: {load.completed} journeys, answers {dict(load.statuses)}")


def authority(server: Stack | Server) -> str:
    """Return host and port of a server."""
    return urlsplit(server.url).netloc
