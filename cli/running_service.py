"""A whole service for the length of a block, started as a person starts it: for the demo and for tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cli import procfile, readiness
from cli.errors import CannotStartError
from cli.program import Program, kill_group, spawn

START_SECONDS = 150.0
STOP_SECONDS = 20.0
LAST_LINES = 15
# A demo or a test stands on servers of its own, never on those that the environment names.
NOT_INHERITED = ("HOST", "PORT", "FRONTROW_DATABASE_URL", "FRONTROW_BROKER_URL")


@contextmanager
def running_service(
    data_dir: Path,
    *,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    waiting: Callable[[float], None] = lambda _: None,
) -> Iterator[str]:
    """Run `frontrow up` on `data_dir` and a free port, yield its URL when it is ready, stop it at the end.

    `options` and `environment` are added to its command line and to our environment.
    Its lines go to `<data_dir>/log`. `waiting` is called a few times a second with the seconds since the start.
    Raises CannotStartError with the last lines when it does not become ready.
    """
    port = readiness.free_port()
    url = f"http://127.0.0.1:{port}"
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "log").open("ab") as log:
        process = spawn(_program(data_dir, port, options, environment or {}), log)
    try:
        _wait_until_ready(process, url, data_dir, waiting)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # Its children follow it: the kernel tells them.
            kill_group(process)
            process.wait()


def _program(data_dir: Path, port: int, options: Sequence[str], environment: Mapping[str, str]) -> Program:
    command = (sys.executable, "-m", "cli.main", "up", "--port", str(port), "--data-dir", str(data_dir), *options)
    ours = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return Program(name="frontrow", argv=command, cwd=procfile.ROOT, env=ours | dict(environment))


def _wait_until_ready(
    process: "subprocess.Popen[bytes]", url: str, data_dir: Path, waiting: Callable[[float], None]
) -> None:
    began = time.monotonic()
    while not readiness.is_ready(url):
        if process.poll() is not None or time.monotonic() - began > START_SECONDS:
            last = "\n".join((data_dir / "log").read_text(errors="replace").splitlines()[-LAST_LINES:])
            message = f"The service did not become ready. Its last lines:\n{last}"
            raise CannotStartError(message)
        waiting(time.monotonic() - began)
        time.sleep(0.1)
