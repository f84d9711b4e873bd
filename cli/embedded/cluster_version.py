"""Whether the embedded PostgreSQL can serve what lies in a cluster's folder."""

import subprocess
from pathlib import Path

from cli.errors import CannotStartError


class OtherVersionError(CannotStartError):
    """The data were written by another major version of PostgreSQL, which alone can read them."""


def check_version(cluster: Path, programs: Path) -> None:
    """Raise OtherVersionError when the cluster is of another major version than these programs."""
    written = cluster / "PG_VERSION"
    if not written.is_file():
        return
    theirs = written.read_text().strip()
    said = subprocess.run(  # noqa: S603 - argv is ours
        [programs / "postgres", "--version"], cwd="/", capture_output=True, text=True, check=True
    ).stdout
    ours = said.split()[-1].partition(".")[0]
    if theirs != ours:
        message = (
            f"The data in {cluster.parent} were written by PostgreSQL {theirs}, and this one is {ours}. Bring them over"
            " with pg_dump and pg_restore, start the version that wrote them and name it in FRONTROW_DATABASE_URL, or"
            " begin anew: --fresh, or another --data-dir."
        )
        raise OtherVersionError(message)
