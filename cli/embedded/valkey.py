"""An embedded Valkey, the broker: a private socket, its data in an append-only file."""

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.embedded.binaries import valkey_server
from cli.embedded.sockets import clear_remembered, make_socket_folder, remember
from cli.errors import CannotStartError
from cli.program import Program, spawn, stop

START_SECONDS = 30.0
STOP_SECONDS = 4.0


class EmbeddedValkey:
    """One server with its files in `folder`; as a context manager it runs for the length of the block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._socket_note = self.folder / "socket-folder"
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Make the folders; raises CannotStartError where there is no binary for this platform."""
        self.folder.mkdir(parents=True, exist_ok=True)
        clear_remembered(self._socket_note)
        self._binary = valkey_server()
        self.socket_folder = make_socket_folder()
        remember(self.socket_folder, self._socket_note)

    @property
    def socket(self) -> Path:
        """The server's socket; only our account can enter its folder."""
        return self.socket_folder / "valkey.sock"

    @property
    def url(self) -> str:
        """The broker URL, as kombu and redis-py take it."""
        return f"redis+socket://{self.socket}?virtual_host=0"

    def program(self) -> Program:
        """Return what to run, for a supervisor; call `prepare` first."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",  # The append-only file alone is the truth; snapshots would fork for nothing.
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",  # A broker that forgets messages silently is worse than one that refuses.
            "daemonize": "no",
            "loglevel": "warning",
        }
        words = (word for name, value in options.items() for word in (f"--{name}", value))
        return Program(name="valkey", argv=(str(self._binary), *words), cwd=self.folder)

    def is_ready(self) -> bool:
        """Tell whether the server answers and has read its append-only file."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def clean_up(self) -> None:
        """Remove the socket folder; the data stays."""
        clear_remembered(self._socket_note)

    def clear(self) -> None:
        """Throw the data away; only for a server that does not run."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.prepare()
        with (self.folder / "log").open("ab") as log:
            self._process = spawn(self.program(), log)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                message = f"Valkey did not start; see {self.folder / 'log'}."
                raise CannotStartError(message)
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            stop(self._process, self.program(), STOP_SECONDS)
        self.clean_up()
