"""An embedded PostgreSQL: a cluster in a folder of ours, reached through a private socket alone."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import psycopg2

from cli.embedded.account import server_account
from cli.embedded.authentication import admit_only_ourselves, own_name
from cli.embedded.binaries import postgres_bin
from cli.embedded.cluster_version import check_version
from cli.embedded.sockets import clear_remembered, make_socket_folder, remember
from cli.errors import CannotStartError
from cli.program import Program, spawn, stop

USER = "frontrow"
DATABASE = "frontrow"
START_SECONDS = 60.0  # Recovery after a kill may take this long.
STOP_SECONDS = 6.0
STATE_LINE = 8  # Of postmaster.pid: "starting", "stopping", "ready" or "standby".

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",  # Our statements are short; compiling them costs more than it saves.
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Where there is only pglz, as here, a page's image costs 55 us to compress and next to nothing to write.
    "wal_compression": "off",
    "effective_io_concurrency": "0",  # A wheel's build need not have what this wants on every platform.
    "random_page_cost": "1.1",
    # Few rows change very often here (a queue, a seat), so dead versions are cleared long before a fifth of a table.
    "autovacuum_naptime": "5s",
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_vacuum_cost_limit": "2000",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m ",
    "log_min_duration_statement": "1000",
}
# Only for tests: a crash of the machine may then cost the cluster; the death of a process still costs nothing.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One cluster in `folder`; as a context manager it runs for the length of the block.

    `durable=False` trades safety for speed and is for tests only. `options` override postgresql.conf.
    """

    def __init__(self, folder: Path, *, durable: bool = True, options: dict[str, str] | None = None) -> None:
        self.folder = folder.absolute()
        self.cluster = self.folder / "cluster"
        self.durable = durable
        self.options = SETTINGS | ({} if durable else NOT_DURABLE) | (options or {})
        self._socket_note = self.folder / "socket-folder"
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Make everything the server needs: folders, an account to run as, on the first start the cluster.

        Raises CannotStartError when it cannot be had.
        """
        own_name()
        self.folder.mkdir(parents=True, exist_ok=True)
        clear_remembered(self._socket_note)
        self.account = server_account(self.cluster)
        self._bin = postgres_bin(self.account)
        check_version(self.cluster, self._bin)
        self.socket_folder = make_socket_folder(self.account)
        remember(self.socket_folder, self._socket_note)
        if not (self.cluster / "global" / "pg_control").exists():
            self._make_cluster()
        admit_only_ourselves(self.cluster, USER, self.account)

    def program(self) -> Program:
        """Return what to run, for a supervisor; call `prepare` first."""
        settings = self.options | {"unix_socket_directories": str(self.socket_folder)}
        return Program(
            name="postgres",
            argv=self._argv("postgres", *(f"--{name}={value}" for name, value in settings.items())),
            cwd=self.cluster,
            env=self._env(),
            account=self.account,
            # SIGINT ends sessions and shuts down cleanly; SIGQUIT leaves the rest to the recovery of the next start.
            stop_signals=(signal.SIGINT, signal.SIGQUIT),
            orphan_signal=signal.SIGINT,
            before=self._forget_dead_postmaster,
        )

    def is_ready(self) -> bool:
        """Tell whether the server takes connections, and make our database the first time it does."""
        if not self._says_ready():
            return False
        try:
            connection = psycopg2.connect(self.url("postgres"), connect_timeout=2)
        except psycopg2.OperationalError:
            return False
        with contextlib.closing(connection):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
        return True

    def url(self, database: str = DATABASE) -> str:
        """Return the libpq URL of a database of this server."""
        return f"postgresql://{USER}@/{database}?host={self.socket_folder}"

    def clean_up(self) -> None:
        """Remove the socket folder; the cluster stays."""
        clear_remembered(self._socket_note)

    def __enter__(self) -> Self:
        self.prepare()
        with (self.folder / "log").open("ab") as log:
            self._process = spawn(self.program(), log)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                message = f"PostgreSQL did not start; see {self.folder / 'log'}."
                raise CannotStartError(message)
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            stop(self._process, self.program(), STOP_SECONDS)
        self.clean_up()

    def _make_cluster(self) -> None:
        """Run initdb; a half-made cluster of an interrupted first start is made anew, it never held anything."""
        shutil.rmtree(self.cluster, ignore_errors=True)
        self.cluster.mkdir(mode=0o700)
        if self.account is not None:
            os.chown(self.cluster, self.account.uid, self.account.gid)
        options = ["--encoding=UTF8", "--locale=C", f"--username={USER}", "--auth=peer"]
        done = subprocess.run(  # noqa: S603 - argv is ours
            self._argv("initdb", *options, *([] if self.durable else ["--no-sync"])),
            cwd=self.cluster,
            env=self._env(),
            capture_output=True,
            text=True,
            check=False,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        )
        if done.returncode:
            shutil.rmtree(self.cluster, ignore_errors=True)
            message = f"PostgreSQL's cluster could not be made in {self.cluster}: {done.stderr.strip()[-500:]}"
            raise CannotStartError(message)

    def _argv(self, binary: str, *options: str) -> tuple[str, ...]:
        """Name the cluster to a server binary in a way it can follow.

        Another account than ours may be unable to walk the path to the cluster (a clone under a 0700 home). We open
        those folders to nobody: the child is *placed* in the cluster before it changes to the account, and
        /proc/self/cwd leads it back there without walking any path.
        """
        placed = self.account is not None and sys.platform == "linux"
        return (str(self._bin / binary), "-D", "/proc/self/cwd" if placed else str(self.cluster), *options)

    def _env(self) -> dict[str, str]:
        # Nothing of the caller's PG* variables or locale may reach the server.
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    def _says_ready(self) -> bool:
        """Read the state that the server writes into its pid file; asking it too early would fill its log."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= STATE_LINE and lines[STATE_LINE - 1].strip() == "ready"

    def _forget_dead_postmaster(self) -> None:
        """Remove a stale postmaster.pid that PostgreSQL itself would believe.

        It does so when the number lives on: as a zombie that nobody reaps (a container without init) or as somebody
        else's process (numbers come round quickly in a container). A postmaster that lives is left alone.
        """
        file = self.cluster / "postmaster.pid"
        try:
            found = psutil.Process(int(file.read_text().split()[0]))
            alive = found.status() != psutil.STATUS_ZOMBIE and found.name() == "postgres"
        except (FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess):
            return
        if not alive:
            file.unlink()
