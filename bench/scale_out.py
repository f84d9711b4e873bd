"""Two of everything against one database and one broker, beside one of everything: `python -m bench.scale_out`.

On one machine throughput can only grow until its cores are busy; what this shows is that nothing else changes:
the second web, workers and beat need no word to the first, and the audit stays clean.
"""

import shutil
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path
from statistics import median

from rich.console import Console

from bench import journeys, processes
from bench.load import drive
from bench.measures.reading import POLL, SAMPLE, line
from bench.rig import Rig, authority, check
from bench.stack import ROOT, Server, Stack, free_port
from cli import procfile

ROUNDS = 3
SECONDS = 3.0
ONE = {"FRONTROW_WEB_PROCESSES": "1"}


def second_set(stack: Stack, folder: Path) -> tuple[list[Server], str]:
    """Start each process of the Procfile once more on the stack's own database and broker."""
    port = free_port()
    environment = {
        **ONE,
        "FRONTROW_DATABASE_URL": stack.database_url,
        "FRONTROW_BROKER_URL": stack.broker_url,
        "FRONTROW_SECRET": stack.secret,
        "FRONTROW_LOG_LEVEL": "WARNING",
        "PORT": str(port),
    }
    servers = [_second(name, command, environment, folder) for name, command in procfile.kept_running().items()]
    url = f"http://127.0.0.1:{port}"
    web = Server([], {}, folder / "unused", url)
    processes.wait_until(lambda: web.answers("/healthz"), "the second web", 60)
    return servers, url


def _second(name: str, command: str, environment: dict[str, str], folder: Path) -> Server:
    # The programs stand beside our Python; a worker needs a name of its own.
    path = f"PATH={Path(sys.executable).parent}:$PATH"
    shell = ["sh", "-c", f"{path} exec {command.replace('$$', 'second-$$')}"]
    return Server(shell, environment, folder / f"second-{name}.log").start()


def main() -> None:
    """Measure one set, both, and one again; then audit."""
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="frontrow-scale-"))
    folder.chmod(0o755)
    rig = Rig(folder, quick=True, say=console.print)
    second: list[Server] = []
    try:
        stack = Stack.start(folder, "scale", ONE)
        rig._stacks.append(stack)  # noqa: SLF001 - the rig ends it.
        steps = loads(rig, stack)
        before = {name: rates(stack, journey, ()) for name, journey in steps.items()}
        second, other = second_set(stack, folder)
        both = {name: median(rates(stack, journey, (other,))) for name, journey in steps.items()}
        while second:
            second.pop().stop()
        # Once more with one set: the machine may be in another mood by now.
        alone = {name: median([*before[name], *rates(stack, journey, ())]) for name, journey in steps.items()}
        for name in steps:
            console.print(
                f"{name}: one set {alone[name]:,.0f}/s, two sets {both[name]:,.0f}/s, x {both[name] / alone[name]:.2f}"
            )
        audit = [sys.executable, "-m", "cli.main", "audit", "--data-dir", str(stack.data_dir)]
        console.print("audit:", "clean" if subprocess.run(audit, cwd=ROOT, check=False).returncode == 0 else "VIOLATED")
    finally:
        for server in second:
            server.stop()
        rig.close()
        shutil.rmtree(folder, ignore_errors=True)


def loads(rig: Rig, stack: Stack) -> dict[str, journeys.Journey]:
    """Return what is measured: token issue, and polls of waiting fans."""
    seeder, host = rig.seeder(stack), authority(stack)
    fans = seeder.claims(line(rig, stack, 10_000).id, "waiting", SAMPLE)
    pipeline = journeys.OurPipeline(host)
    return {
        "token issue, 64 clients": journeys.issue(pipeline, seeder, seeder.concert(capacity=100), count(1)),
        "polls, 64 clients": journeys.get(host, [(POLL, seeder.bearer(fan)) for fan in fans]),
    }


def rates(stack: Stack, journey: journeys.Journey, also: tuple[str, ...]) -> list[float]:
    """Return some rounds, in journeys per second."""
    rounds = []
    for _ in range(ROUNDS):
        load = drive(stack.url, journey, clients=64, seconds=SECONDS, also=also)
        check(load)
        rounds.append(load.per_second)
    return rounds


if __name__ == "__main__":
    main()
