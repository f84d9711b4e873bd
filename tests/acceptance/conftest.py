"""`frontrow up` in a test's own hands: to be killed, stopped and started again; and what is said without an nginx."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import psutil
import pytest

from cli import procfile, readiness
from cli.service import DataDir
from tests.fixtures.nginx import NGINX
from tests.waiting import wait_for

READY_SECONDS = 90.0
_without_nginx: list[pytest.Item] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if NGINX is None:
        _without_nginx[:] = [item for item in items if "nginx_program" in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in _without_nginx]
        config.hook.pytest_deselected(items=_without_nginx)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _without_nginx:
        terminalreporter.section("tests behind nginx left out", yellow=True)
        what = f"{len(_without_nginx)} tests did NOT run: nginx is missing. To run them too: apt-get install nginx"
        terminalreporter.line(what, yellow=True)


def clean_environment() -> dict[str, str]:
    """Return our environment without what other tests tell their processes."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FRONTROW_")}


class Up:
    """One data directory and the `frontrow up` that runs on it."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = readiness.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir.parent / f"{data_dir.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, **variables: str) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", "cli.main", "up", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *options], cwd=procfile.ROOT, env=clean_environment() | variables, stdout=log, stderr=log
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until everything is ready, by the service's own word."""
        wait_for(
            lambda: self.process and (self.process.poll() is not None or readiness.is_ready(self.url)), READY_SECONDS
        )
        assert self.process is not None
        assert self.process.poll() is None, self.words()

    def words(self) -> str:
        """Return what it printed."""
        return self.log.read_text(errors="replace")

    def tree(self) -> list[psutil.Process]:
        """Return all processes below `frontrow up`."""
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, name: str) -> psutil.Process:
        """Return the running process of one entry of the Procfile or of a server."""
        assert self.process is not None
        return next(child for child in psutil.Process(self.process.pid).children() if _is(child, name))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Stop it; return the exit status and the seconds it took."""
        assert self.process is not None
        began = monotonic()
        self.process.send_signal(number)
        status = self.process.wait(30)
        return status, monotonic() - began

    def socket_folders(self) -> list[Path]:
        """Return the folders of the servers' sockets."""
        notes = [DataDir(self.data_dir).postgres / "socket-folder", DataDir(self.data_dir).valkey / "socket-folder"]
        return [Path(note.read_text()) for note in notes if note.exists()]


def _is(process: psutil.Process, name: str) -> bool:
    words = " ".join(process.cmdline())
    marks = {"web": "api.wsgi:application", "beat": " beat ", "postgres": "postgres -D", "valkey": "valkey-server"}
    return marks.get(name, f" -Q {name} ") in words


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A service under a folder that nobody else can enter, at a path far too long for a socket."""
    closed = tmp_path_factory.mktemp("up") / "closed"
    closed.mkdir(mode=0o700)
    service = Up(closed / ("deep-" * 30) / "data")
    service.data_dir.parent.mkdir()
    service.start()
    yield service
    if service.process is not None and service.process.poll() is None:
        service.stop()


@pytest.fixture
def run_frontrow() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run one `frontrow` command to its end, without the variables of a service in the environment."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli.main", *arguments]
        environment = clean_environment() | variables
        return subprocess.run(
            command, cwd=procfile.ROOT, env=environment, capture_output=True, text=True, check=False, timeout=110
        )

    return run
