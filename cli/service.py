"""A data directory: its secret, its lock, and the note by which other commands find the running service."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import psutil

from cli.errors import CannotStartError

DEFAULT_DATA_DIR = Path(".frontrow")
SECRET_BYTES = 48
# Between a file's time and a process's, in seconds.
CLOCK_TOLERANCE = 1.0


@dataclass(frozen=True)
class Service:
    """Where a running `frontrow up` and its servers are."""

    url: str
    database_url: str
    broker_url: str
    pid: int


class DataDir:
    """The folder in which one service keeps everything; two services never share one."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.postgres = self.path / "postgres"
        self.valkey = self.path / "valkey"
        self.children = self.path / "children.json"
        self._secret = self.path / "secret"
        self._service = self.path / "service.json"

    def make(self) -> None:
        """Make the folder, for us alone. Raises CannotStartError where that is not allowed."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.path / "lock").touch(mode=0o600)
        except OSError as error:
            message = f"The data directory {self.path} cannot be used: {error.strerror}. Name another: --data-dir DIR"
            raise CannotStartError(message) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one service; the kernel frees it even after a kill. Raises CannotStartError."""
        with (self.path / "lock").open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                running = self.running()
                where = f" at {running.url} (process {running.pid})" if running else ""
                message = (
                    f"A service already runs on {self.path}{where}."
                    " Stop it first, or start this one with another --data-dir and --port."
                )
                raise CannotStartError(message) from error
            yield

    def secret(self) -> str:
        """Return the folder's own secret, made at the first call; only its owner can read it."""
        try:
            with _create_private(self._secret) as file:
                file.write(secrets.token_urlsafe(SECRET_BYTES))
        except FileExistsError:
            pass
        return self._secret.read_text(encoding="ascii").strip()

    def known_secret(self) -> str | None:
        """Return the secret if a service was ever started here."""
        return self._secret.read_text(encoding="ascii").strip() if self._secret.is_file() else None

    def announce(self, service: Service) -> None:
        """Write down where the service is, whole or not at all."""
        draft = self._service.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with _create_private(draft) as file:
            json.dump(asdict(service), file)
        draft.rename(self._service)

    def withdraw(self) -> None:
        """Forget where the service was."""
        self._service.unlink(missing_ok=True)

    def running(self) -> Service | None:
        """Return where the service is, or None when none runs here."""
        try:
            service = Service(**json.loads(self._service.read_text()))
        except (FileNotFoundError, NotADirectoryError, PermissionError, json.JSONDecodeError, TypeError):
            return None
        return service if self._is_alive(service.pid) else None

    def _is_alive(self, pid: int) -> bool:
        """Tell whether the writer of the note lives; after a kill the note stays, and its number comes round."""
        try:
            return psutil.Process(pid).create_time() <= self._service.stat().st_mtime + CLOCK_TOLERANCE
        except (psutil.NoSuchProcess, FileNotFoundError):
            return False


def environment(data_dir: DataDir) -> dict[str, str]:
    """Return the FRONTROW_* variables that a command needs to work on this folder's service.

    What the caller's environment sets is not in it: an operator's word stands above what we found.
    """
    found = {"FRONTROW_DATA_DIR": str(data_dir.path)}
    secret, service = data_dir.known_secret(), data_dir.running()
    if secret:
        found["FRONTROW_SECRET"] = secret
    if service:
        found["FRONTROW_DATABASE_URL"] = service.database_url
        found["FRONTROW_BROKER_URL"] = service.broker_url
    return {name: value for name, value in found.items() if not os.environ.get(name)}


def _create_private(path: Path) -> IO[str]:
    """Create a file that only its owner can read; raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii")
