"""The two servers a service stands on: embedded ones, or those that the environment names."""

import os
import shutil
from dataclasses import dataclass, field

from cli.embedded import EmbeddedPostgres, EmbeddedValkey
from cli.errors import CannotStartError
from cli.service import DataDir
from cli.supervisor import Child, Supervisor

START_SECONDS = 60.0
STOP_SECONDS = 5.0


@dataclass
class Servers:
    """Embedded servers of one data directory, each only where no URL replaces it."""

    postgres: EmbeddedPostgres | None
    valkey: EmbeddedValkey | None
    children: list[Child] = field(default_factory=list)

    @classmethod
    def of(cls, data_dir: DataDir) -> "Servers":
        """Decide by FRONTROW_DATABASE_URL and FRONTROW_BROKER_URL which servers are ours."""
        return cls(
            postgres=None if os.environ.get("FRONTROW_DATABASE_URL") else EmbeddedPostgres(data_dir.postgres),
            valkey=None if os.environ.get("FRONTROW_BROKER_URL") else EmbeddedValkey(data_dir.valkey),
        )

    @property
    def database_url(self) -> str:
        """The database that the service uses; an embedded one has its URL once it is prepared."""
        return self.postgres.url() if self.postgres else os.environ["FRONTROW_DATABASE_URL"]

    @property
    def broker_url(self) -> str:
        """The broker that the service uses."""
        return self.valkey.url if self.valkey else os.environ["FRONTROW_BROKER_URL"]

    def clear(self) -> None:
        """Throw all data away. Raises CannotStartError where it is not ours to throw away."""
        if self.postgres is None:
            message = "--fresh empties embedded servers only, and FRONTROW_DATABASE_URL names another one."
            raise CannotStartError(message)
        for server in (self.postgres, self.valkey):
            if server is not None:
                server.clean_up()
                shutil.rmtree(server.folder, ignore_errors=True)

    def start(self, supervisor: Supervisor) -> bool:
        """Start both side by side and wait for them; False when a stop was asked for. Raises CannotStartError."""
        ours = [server for server in (self.valkey, self.postgres) if server is not None]
        for server in ours:
            server.prepare()
            self.children.append(supervisor.start(server.program()))
        if supervisor.run_until(lambda: all(server.is_ready() for server in ours), START_SECONDS):
            return True
        if supervisor.stop_requests:
            return False
        message = f"The embedded servers were not ready within {START_SECONDS:.0f} s; their last words stand above."
        raise CannotStartError(message)

    def stop(self, supervisor: Supervisor) -> None:
        """Stop what runs and remove the sockets; the data stays."""
        supervisor.stop(self.children, STOP_SECONDS)
        for server in (self.valkey, self.postgres):
            if server is not None:
                server.clean_up()
