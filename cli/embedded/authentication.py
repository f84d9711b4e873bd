"""Who may connect to the embedded PostgreSQL: the account that runs frontrow, and nobody else."""

import os
import pwd
from pathlib import Path

from cli.errors import CannotStartError
from cli.program import Account

MAP = "frontrow"

# The kernel says who is at the other end of the socket, so there is no password to keep.
_WHO_MAY_CONNECT = f"# Written by frontrow at each start.\nlocal all,replication all peer map={MAP}\n"


def admit_only_ourselves(cluster: Path, role: str, account: Account | None) -> None:
    """Write into a cluster that does not run that our account may connect as `role`, and no other account at all.

    Under root the server runs as another account, whose other processes can enter the socket folder as well.
    At each start, since the cluster may be older than this rule, or be started by somebody else than the last time.
    Raises CannotStartError when our account has no name.
    """
    _write(cluster / "pg_hba.conf", _WHO_MAY_CONNECT, account)
    name = own_name().replace('"', '""')
    _write(cluster / "pg_ident.conf", f'# Written by frontrow at each start.\n{MAP} "{name}" "{role}"\n', account)


def own_name() -> str:
    """Return the name of the account that we run as, as PostgreSQL will find it. Raises CannotStartError."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError as error:
        message = (
            f"The account {os.geteuid()} that runs frontrow has no name in /etc/passwd, and PostgreSQL needs one."
            " Start frontrow as an account that has, or set FRONTROW_DATABASE_URL to a server of your own."
        )
        raise CannotStartError(message) from error


def _write(file: Path, text: str, account: Account | None) -> None:
    """Replace a file whole. Nothing that lies in its place is followed: the folder belongs to the server's account."""
    draft = file.with_name(f"{file.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
        if account is not None:
            os.fchown(descriptor, account.uid, account.gid)
    draft.rename(file)
