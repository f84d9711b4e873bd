"""Private folders for sockets, with paths short enough for the operating system."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cli.errors import CannotStartError
from cli.program import Account

# A socket's path may have 103 bytes on macOS and 107 on Linux; "/frontrow-12345678/.s.PGSQL.5432" takes 33 of them.
LONGEST_FOLDER = 65


def make_socket_folder(account: Account | None = None) -> Path:
    """Make a new folder that only we (or the account) can enter. The data directory's own path may be too long.

    Raises CannotStartError when no temporary folder will do.
    """
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp", "/run")):  # noqa: S108 - mkdtemp is safe there
        if len(parent.encode()) > LONGEST_FOLDER or not os.access(parent, os.W_OK | os.X_OK):
            continue
        if account is not None and not _enters(account, parent):
            continue
        folder = Path(tempfile.mkdtemp(prefix="frontrow-", dir=parent))
        if account is not None:
            os.chown(folder, account.uid, account.gid)
        return folder
    message = "No temporary folder has a short path and can be written to; set TMPDIR to one that does."
    raise CannotStartError(message)


def remember(folder: Path, note: Path) -> None:
    """Write down where the sockets are, so that the next start can clear what a killed service left."""
    note.write_text(str(folder))


def clear_remembered(note: Path) -> None:
    """Remove the folder that an earlier run wrote down and, killed, could not remove."""
    if not note.exists():
        return
    folder = Path(note.read_text().strip())
    # The note lies among our data, yet a name that mkdtemp cannot have given is nothing we remove.
    if folder.name.startswith("frontrow-") and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
    note.unlink()


def _enters(account: Account, folder: str) -> bool:
    done = subprocess.run(  # noqa: S603 - argv is ours
        ["/bin/sh", "-c", 'cd "$1"', "sh", folder],
        cwd="/",
        capture_output=True,
        check=False,
        user=account.uid,
        group=account.gid,
        extra_groups=[],
    )
    return done.returncode == 0
