"""`frontrow up`: the whole service in the foreground, from servers to beat, until somebody stops it."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cli import leftovers, preparation, procfile, readiness, variables
from cli.log_lines import OWN_NAME, LogLines
from cli.program import Program
from cli.servers import Servers
from cli.service import DEFAULT_DATA_DIR, DataDir, Service
from cli.supervisor import Child, Supervisor

# Together with the servers' own share this stays below the 15 s in which everything is to be stopped.
STOP_SECONDS = 8.0
READY_SECONDS = 120.0
ASK_EVERY = 0.2


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    host: str
    port: int
    data_dir: Path
    fresh: bool = False
    demo: bool = True

    @property
    def is_open_to_strangers(self) -> bool:
        """Tell whether other machines reach a service that gives an identity to anybody who asks."""
        return self.demo and self.host != "localhost" and not self.host.startswith("127.") and self.host != "::1"

    @property
    def url(self) -> str:
        """Where a client on this machine finds the service."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def up(options: Options, log: LogLines) -> None:
    """Run until SIGTERM or Ctrl-C. Raises CannotStartError, with what to do, when it cannot start."""
    readiness.refuse_unusable_port(options.host, options.port)
    data_dir = DataDir(options.data_dir)
    data_dir.make()
    with data_dir.locked():
        ended = leftovers.end(data_dir.children)
        if ended:
            log(OWN_NAME, f"ended what an earlier, killed service left behind: {', '.join(ended)}")
        servers = Servers.of(data_dir)
        if options.fresh:
            servers.clear()
        with Supervisor(log, lambda children: _write_down(data_dir, children)) as supervisor:
            run = _Run(options, data_dir, servers, supervisor, log)
            try:
                run.serve()
            finally:
                run.stop()


def _write_down(data_dir: DataDir, children: list[Child]) -> None:
    leftovers.write_down(data_dir.children, [child.process.pid for child in children if child.process])


@dataclass
class _Run:
    """One service from start to stop."""

    options: Options
    data_dir: DataDir
    servers: Servers
    supervisor: Supervisor
    log: LogLines

    def serve(self) -> None:
        began = time.monotonic()
        for name, meant in variables.unknown().items():
            self.log(OWN_NAME, f"{name} is no setting, so it sets nothing{f'; {meant} is one' if meant else ''}")
        self._say_what_starts()
        if not self.servers.start(self.supervisor):
            return
        os.environ.update(self._environment())
        preparation.prepare(demo=self.options.demo, say=partial(self.log, OWN_NAME))
        commands = procfile.kept_running()
        self.log(OWN_NAME, f"starting {', '.join(commands)}")
        for name, command in commands.items():
            self.supervisor.start(_program(name, command))
        self.data_dir.announce(
            Service(self.options.url, self.servers.database_url, self.servers.broker_url, os.getpid())
        )
        if self.supervisor.run_until(_seldom(lambda: readiness.is_ready(self.options.url)), READY_SECONDS):
            self._tell_where_to_look(time.monotonic() - began)
        elif not self.supervisor.stop_requests:
            self.log(OWN_NAME, f"still not ready after {READY_SECONDS:.0f} s; `frontrow doctor` says what is missing")
        self.supervisor.run()

    def stop(self) -> None:
        """Stop the web and the workers first, then what they stand on."""
        self.log(OWN_NAME, "stopping ...")
        self.data_dir.withdraw()
        ours = self.servers.children
        self.supervisor.stop([child for child in self.supervisor.children if child not in ours], STOP_SECONDS)
        self.servers.stop(self.supervisor)
        leftovers.forget(self.data_dir.children)
        self.log(OWN_NAME, f"stopped; the data stays in {self.data_dir.path}")

    def _environment(self) -> dict[str, str]:
        """Return what the children are told beyond our own environment."""
        return {
            "FRONTROW_DATABASE_URL": self.servers.database_url,
            "FRONTROW_BROKER_URL": self.servers.broker_url,
            "FRONTROW_SECRET": os.environ.get("FRONTROW_SECRET") or self.data_dir.secret(),
            "FRONTROW_DATA_DIR": str(self.data_dir.path),
            "FRONTROW_DEMO": "1" if self.options.demo else "0",
            "HOST": self.options.host,
            "PORT": str(self.options.port),
            # Our own commands first: `gunicorn` must be this environment's, activated or not.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "PYTHONUNBUFFERED": "1",
            # Threads of ours take turns in any case; a heap for each of them would only take memory.
            "MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", "1"),
            # Celery warns of root in five lines a worker; who starts frontrow as root has decided that.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        }

    def _say_what_starts(self) -> None:
        for server, name, folder in (
            (self.servers.postgres, "PostgreSQL", self.data_dir.postgres),
            (self.servers.valkey, "Valkey", self.data_dir.valkey),
        ):
            if server is None:
                self.log(OWN_NAME, f"{name} is named by the environment, no embedded one is started")
            elif folder.exists():
                self.log(OWN_NAME, f"starting {name} on the data in {folder}")
            else:
                self.log(OWN_NAME, f"first start: making {name} a home in {folder} (a few seconds, once)")

    def _tell_where_to_look(self, seconds: float) -> None:
        default = DEFAULT_DATA_DIR.absolute() == self.data_dir.path
        data_dir = "" if default else f" --data-dir {self.data_dir.path}"
        for line in (
            f"ready after {seconds:.1f} s",
            f"  the fans' page     {self.options.url}/",
            f"  the console        {self.options.url}/operator",
            f"  the API, described {self.options.url}/docs",
            f"  an identity        .venv/bin/frontrow token alice{data_dir}",
            "  Ctrl-C stops everything and keeps the data",
        ):
            self.log(OWN_NAME, line)
        if self.options.is_open_to_strangers:
            self.log(OWN_NAME, f"whoever reaches {self.options.host} can make himself an operator: --no-demo ends that")


def _program(name: str, command: str) -> Program:
    # The shell only fills in the variables; `exec` makes it the program itself, so that signals reach that.
    # If we are killed, a polite signal would not do: with our end of its output gone, Celery's handler for it fails.
    # Work that is cut off is not lost, its request row waits for the next start.
    return Program(
        name=name, argv=("/bin/sh", "-c", f"exec {command}"), cwd=procfile.ROOT, orphan_signal=signal.SIGKILL
    )


def _seldom(condition: Callable[[], bool]) -> Callable[[], bool]:
    """Ask a condition that costs something only every so often."""
    asked_at = 0.0

    def ask() -> bool:
        nonlocal asked_at
        if time.monotonic() - asked_at < ASK_EVERY:
            return False
        asked_at = time.monotonic()
        return condition()

    return ask
