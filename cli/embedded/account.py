"""As whom PostgreSQL runs: it refuses root, so root lends it an account that exists already."""

import os
import pwd
from pathlib import Path

from cli.errors import CannotStartError
from cli.program import Account

# Accounts that need not be made: Debian's own for PostgreSQL when it is there, else the one every system has.
PREFERRED = ("postgres", "nobody")


def server_account(cluster: Path) -> Account | None:
    """Return the account to run PostgreSQL as, or None when we are an ordinary user and simply stay ourselves.

    The owner of an existing cluster keeps it, so that the choice does not move when an account appears later.
    """
    if os.geteuid() != 0:
        return None
    owner = cluster.stat().st_uid if cluster.exists() else 0
    if owner:
        return _account(owner) or Account(f"uid {owner}", owner, cluster.stat().st_gid)
    for name in PREFERRED:
        found = _account(name)
        if found:
            return found
    message = (
        "PostgreSQL does not run as root, and there is neither an account 'postgres' nor 'nobody' to run it as."
        " Start frontrow as an ordinary user, or set FRONTROW_DATABASE_URL to a server of your own."
    )
    raise CannotStartError(message)


def _account(key: str | int) -> Account | None:
    try:
        entry = pwd.getpwnam(key) if isinstance(key, str) else pwd.getpwuid(key)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
