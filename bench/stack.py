"""Starts and ends what is measured: our stack through `frontrow up`, and the servers of the floors."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from bench import processes

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 120.0


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def installed(folder: Path) -> str:
    """Make an environment as `make install` does, without what tests need; return its Python."""
    python = str(folder / "installed" / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([sys.executable, "-m", "venv", str(folder / "installed")], check=True)
    subprocess.run([*pip, "--requirement", str(ROOT / "requirements.lock")], check=True)
    return python


@dataclass(slots=True)
class Server:
    """A process of this run with an address; `log` is where it writes."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    url: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> Self:
        """Start the process; its output goes to the log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env={**os.environ, **self.environment}, stdout=log, stderr=log
            )
        return self

    @property
    def pid(self) -> int:
        """The process id; raises RuntimeError when it was not started."""
        if self.process is None:
            raise RuntimeError("not started")
        return self.process.pid

    def stop(self) -> None:
        """End the process and all it started."""
        if self.process is not None:
            processes.stop(self.process)

    def answers(self, path: str) -> bool:
        """Whether a GET is answered, with whatever but a fault."""
        try:
            return httpx.get(self.url + path, timeout=5).status_code < 500
        except httpx.HTTPError:
            return False


@dataclass(slots=True)
class Stack:
    """Our own service on embedded servers in a folder of this run."""

    server: Server
    data_dir: Path

    @classmethod
    def start(
        cls, folder: Path, name: str, settings: dict[str, str] | None = None, python: str = sys.executable
    ) -> "Stack":
        """Run `frontrow up` in `folder/name` and wait until it is ready.

        `settings` are FRONTROW_* variables, `python` is the environment's that it runs in.
        """
        data_dir, port = folder / name, free_port()
        command = [python, "-c", "from cli.main import main; main()", "up", "--no-demo", "--port", str(port)]
        command += ["--data-dir", str(data_dir)]
        server = Server(command, settings or {}, folder / f"{name}.log", f"http://127.0.0.1:{port}").start()
        stack = cls(server, data_dir)
        try:
            processes.wait_until(stack.ready, f"stack {name} (see {server.log})", READY_WITHIN, server.process)
        except RuntimeError:
            server.stop()
            raise
        return stack

    def ready(self) -> bool:
        """Whether every part says that it is well."""
        try:
            answer = httpx.get(self.url + "/readyz", timeout=5)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.json().get("status") == "ok"

    @property
    def url(self) -> str:
        """Where the service listens."""
        return self.server.url

    @property
    def service(self) -> dict[str, Any]:
        """What `frontrow up` wrote about itself."""
        content: dict[str, Any] = json.loads((self.data_dir / "service.json").read_text())
        return content

    @property
    def database_url(self) -> str:
        """The embedded PostgreSQL, as a libpq URI."""
        return str(self.service["database_url"])

    @property
    def broker_url(self) -> str:
        """The embedded Valkey."""
        return str(self.service["broker_url"])

    @property
    def secret(self) -> str:
        """The secret that was generated for this data directory."""
        return (self.data_dir / "secret").read_text().strip()


def start_web(folder: Path, application: str, environment: dict[str, str], path: str = "/") -> Server:
    """Serve a floor's WSGI application under the very gunicorn settings of our own web process."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", application]
    address = {"PORT": str(port), "HOST": "127.0.0.1", **environment}
    log = folder / f"{application.split(':', maxsplit=1)[0]}.log"
    server = Server(command, address, log, f"http://127.0.0.1:{port}").start()
    processes.wait_until(lambda: server.answers(path), f"{application} (see {log})", 30, server.process)
    return server


def start_worker(folder: Path, broker_url: str) -> Server:
    """Run the textbook's Celery worker with the options our own workers have."""
    command = [sys.executable, "-m", "celery", "-A", "bench.floors.textbook:celery", "worker", "--concurrency", "2"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
    return Server(command, {"BENCH_BROKER_URL": broker_url}, folder / "textbook-worker.log").start()
