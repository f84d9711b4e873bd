"""PostgreSQL and Valkey from the wheels in the lock file, run as children of ours."""

from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedPostgres", "EmbeddedValkey"]
