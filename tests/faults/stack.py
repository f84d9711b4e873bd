"""The stack under test: `frontrow up` and all it started, by role, to be killed, stopped and started again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import jwt
import psutil

from cli import procfile, readiness
from cli.program import Program, spawn
from cli.service import DataDir, Service, environment
from tests.faults.lateness import Downtime

START_SECONDS = 90.0
STOP_SECONDS = 25.0
INSIDE = Path(__file__).parent / "inside"

WORKERS = ("queue_tokens", "reservations", "points", "payments", "sweeps")

# Short times, so that holds and tokens end by themselves many times in a run of minutes.
SETTINGS = {
    "FRONTROW_HOLD_SECONDS": "15",
    "FRONTROW_ACTIVE_TOKEN_SECONDS": "40",
    "FRONTROW_UNUSED_ADMISSION_SECONDS": "15",
    "FRONTROW_POLL_AFTER_SECONDS": "1",
    # Two processes a broker queue come to the same requests; one alone could not do anything twice.
    **{f"FRONTROW_{name}_PROCESSES": "2" for name in ("QUEUE_TOKENS", "RESERVATIONS", "POINTS", "PAYMENTS")},
}


class Stack:
    """One service as a person starts it, with a port and a data directory of its own.

    `settings` are further FRONTROW_* variables; `inside` are the FAULTS_* variables that change its processes
    (see `inside/sitecustomize.py`). Signals go only to processes found below the one that was started here.
    """

    def __init__(
        self, data_dir: Path, *, settings: Mapping[str, str] | None = None, inside: Mapping[str, str] | None = None
    ) -> None:
        self.data_dir = DataDir(data_dir)
        self.data_dir.make()
        self.port = readiness.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.data_dir.path / "log"
        self._environment = {**_clean_environment(), **SETTINGS, **(settings or {}), **(inside or {})}
        # This clone's modules, whichever clone the virtual environment was made for.
        self._environment["PYTHONPATH"] = os.pathsep.join([str(INSIDE), str(procfile.ROOT)])
        self._process: subprocess.Popen[bytes] | None = None
        self._extras: list[subprocess.Popen[bytes]] = []
        self.downtime = Downtime()

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_ready(START_SECONDS)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for extra in list(self._extras):
            self.end_extra(extra)
        if self._process is None:
            return
        self.resume_all()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill_all()

    def start(self) -> None:
        """Start `frontrow up`, or start it again after it was killed, on the same data and the same port."""
        command = (sys.executable, "-m", "cli.main", "up", "--no-demo", "--port", str(self.port))
        argv = (*command, "--data-dir", str(self.data_dir.path))
        with self.log.open("ab") as log:
            self._process = spawn(Program(name="frontrow", argv=argv, cwd=procfile.ROOT, env=self._environment), log)

    def wait_until_ready(self, seconds: float) -> None:
        """Wait until every check of `GET /readyz` passes. Raises TimeoutError with the log's last lines."""
        deadline = time.monotonic() + seconds
        while not readiness.is_ready(self.url):
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                last = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
                raise TimeoutError(f"not ready within {seconds:.0f} s:\n{last}")
            time.sleep(0.1)

    @property
    def service(self) -> Service:
        """Where the servers are; changes with every start. Raises ConnectionError while there is none."""
        found = self.data_dir.running()
        if found is None:
            raise ConnectionError("the service is not up")
        return found

    def token(self, user: str, *, operator: bool = False) -> str:
        """Return an identity that this stack believes."""
        claims: dict[str, object] = {"sub": user, "name": f"Fan {user}", "exp": int(time.time()) + 7200}
        if operator:
            claims["scope"] = "operator"
        return jwt.encode(claims, self.data_dir.secret(), algorithm="HS256")

    # --- who runs

    @property
    def supervisor(self) -> psutil.Process:
        """The process of `frontrow up`."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def main(self, role: str) -> psutil.Process | None:
        """Return the process of a role: a worker's broker queue, `web`, `beat`, `valkey` or `postgres`."""
        for child in self.supervisor.children():
            with suppress(psutil.Error):
                if _is(role, child.name(), child.cmdline()):
                    return child
        return None

    def pool(self, role: str) -> list[psutil.Process]:
        """Return the children of a role: a pool's processes, gunicorn's workers, PostgreSQL's sessions."""
        main = self.main(role)
        if main is None:
            return []
        with suppress(psutil.Error):
            return [child for child in main.children() if role != "postgres" or _is_session(child.cmdline())]
        return []

    def family(self, role: str) -> list[psutil.Process]:
        """Return the process of a role and all below it."""
        main = self.main(role)
        if main is None:
            return []
        with suppress(psutil.Error):
            return [main, *main.children(recursive=True)]
        return []

    # --- what happens to them

    @contextmanager
    def web_down(self) -> Iterator[None]:
        """Count as downtime of web what begins with the block and ends when web answers again."""
        span = self.downtime.begin()
        try:
            yield
        finally:
            threading.Thread(target=self._until_web_answers, args=(span,), daemon=True).start()

    def _until_web_answers(self, span: list[float]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/healthz", timeout=1).status_code == httpx.codes.OK:
                    break
            time.sleep(0.1)
        self.downtime.end(span)

    def kill_all(self) -> None:
        """SIGKILL `frontrow up` and everything below it at once."""
        assert self._process is not None
        everybody = [self.supervisor, *self.supervisor.children(recursive=True)]
        send(everybody, signal.SIGKILL)
        psutil.wait_procs(everybody, timeout=10)
        self._process.wait()

    def resume_all(self) -> None:
        """Let everything run again that a fault may have stopped."""
        with suppress(psutil.Error):
            send(self.supervisor.children(recursive=True), signal.SIGCONT)

    def extra(self, command: Sequence[str], inside: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start one more process beside the supervised ones, in the same service."""
        found = {**self._environment, **environment(self.data_dir), "FRONTROW_DEMO": "0", **(inside or {})}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=procfile.ROOT,
                env=found,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._extras.append(process)
        return process

    def end_extra(self, process: subprocess.Popen[bytes]) -> None:
        """Stop an extra process, if need be with force."""
        self._extras.remove(process)
        family = [psutil.Process(process.pid)] if process.poll() is None else []
        family += [child for main in family for child in main.children(recursive=True)]
        process.terminate()
        try:
            process.wait(8)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        send(family[1:], signal.SIGKILL)


def send(processes: Sequence[psutil.Process], number: signal.Signals) -> int:
    """Send a signal to those that still live; return to how many."""
    sent = 0
    for process in processes:
        # psutil compares the time of birth, so a number that was given anew is not hit.
        with suppress(psutil.Error, ProcessLookupError):
            process.send_signal(number)
            sent += 1
    return sent


def _clean_environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FRONTROW_", "FAULTS_")) and name not in {"HOST", "PORT", "PYTHONPATH"}
    }


def _is(role: str, name: str, words: list[str]) -> bool:
    if role in WORKERS:
        return "-Q" in words and words[words.index("-Q") + 1] == role
    if role == "web":
        return "api.wsgi:application" in words
    return {"beat": "beat" in words, "valkey": name.startswith("valkey"), "postgres": name == "postgres"}[role]


def _is_session(words: list[str]) -> bool:
    return bool(words) and words[0].startswith("postgres: frontrow frontrow")


def note(path: Path, figures: object) -> None:
    """Write figures down as JSON."""
    path.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
