"""`frontrow doctor`: checks settings, versions and reachability, and says what to do."""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click
import psycopg2
import redis
from rich.text import Text

from api import key_set, key_source
from cli import procfile, readiness, variables
from cli.configuration import settings_of
from cli.embedded.account import server_account
from cli.embedded.binaries import postgres_bin, valkey_server
from cli.embedded.cluster_version import OtherVersionError, check_version
from cli.errors import CannotStartError
from cli.log_lines import console
from cli.service import DataDir
from models.migrate import pending
from settings import Settings
from workers.broker import broker_of

OLDEST_POSTGRES = 140000
LEAST_FREE_BYTES = 1 << 30
_PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")


class Mark(StrEnum):
    """What a finding is worth; only WRONG ends the command with status 1."""

    GOOD = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One line of the report; `remedy` says what to do about it."""

    mark: Mark
    subject: str
    text: str
    remedy: str = ""


def run(data_dir: Path, url: str | None) -> int:
    """Print every finding; return the exit status."""
    findings = list(_examine(data_dir, url))
    screen = console()
    for finding in findings:
        colour = {Mark.GOOD: "green", Mark.NOTE: "yellow", Mark.WRONG: "bold red"}[finding.mark]
        screen.print(
            Text.assemble((f"{finding.mark:<6}", colour), f"{finding.subject:<16}{finding.text}"), soft_wrap=True
        )
        if finding.remedy:
            screen.print(Text(f"{'':22}-> {finding.remedy}"), soft_wrap=True)
    return 1 if any(finding.mark is Mark.WRONG for finding in findings) else 0


def _examine(data_dir: Path, url: str | None) -> Iterator[Finding]:
    yield _python()
    yield _packages()
    yield _disk(data_dir)
    yield _embedded("PostgreSQL", lambda: str(_postgres(DataDir(data_dir).postgres / "cluster")))
    yield _embedded("Valkey", lambda: str(valkey_server()))
    service = DataDir(data_dir).running()
    try:
        settings = settings_of(data_dir)
    except click.ClickException as error:
        yield _without_settings(data_dir, error.message)
        return
    yield Finding(Mark.GOOD, "settings", "demo mode" if settings.demo else "complete")
    yield from _variables()
    if settings.identity_jwks:
        yield _identity_keys(settings.identity_jwks)
    if service is None and "database_url" not in settings.model_fields_set:
        yield Finding(Mark.NOTE, "service", f"none runs on {data_dir}", "`frontrow up` starts one")
        return
    yield from _database(settings)
    yield from _broker(settings)
    address = url or (service.url if service else None)
    if address:
        yield _service(address)


def _python() -> Finding:
    return Finding(Mark.GOOD, "Python", f"{platform.python_version()} at {sys.executable}")


def _packages() -> Finding:
    """Compare what is installed with the lock file; a package that is not meant for this platform may be absent."""
    lock = procfile.ROOT / "requirements.lock"
    if not lock.is_file():
        return Finding(Mark.NOTE, "packages", "there is no requirements.lock to compare with")
    pins: dict[str, set[str]] = {}
    for line in lock.read_text().splitlines():
        if match := _PINNED.match(line):
            pins.setdefault(match["name"], set()).add(match["version"])  # Some differ from Python to Python.
    other = [f"{name} {found}" for name in pins if (found := _installed(name)) not in (None, *pins[name])]
    if other:
        text = f"not the versions of the lock file: {', '.join(other)}"
        return Finding(Mark.WRONG, "packages", text, "`make clean install` makes the environment anew")
    return Finding(Mark.GOOD, "packages", f"the {len(pins)} of the lock file")


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _disk(data_dir: Path) -> Finding:
    there = next(folder for folder in (data_dir.absolute(), *data_dir.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / (1 << 30):.1f} GiB free at {there}"
    if free < LEAST_FREE_BYTES:
        return Finding(Mark.WRONG, "disk", text, "free some, or name another folder: --data-dir DIR")
    return Finding(Mark.GOOD, "disk", text)


def _postgres(cluster: Path) -> Path:
    """Return where the embedded server's programs are. Raises CannotStartError when they cannot serve the cluster."""
    folder = postgres_bin(server_account(cluster))
    check_version(cluster, folder)
    return folder


def _embedded(name: str, find: Callable[[], str]) -> Finding:
    try:
        return Finding(Mark.GOOD, name, f"embedded, {find()}")
    except OtherVersionError as error:
        return Finding(Mark.WRONG, name, error.message)
    except CannotStartError as error:
        return Finding(Mark.NOTE, name, error.message)


def _without_settings(data_dir: Path, message: str) -> Finding:
    is_more_than_fresh = "FRONTROW_SECRET" not in message
    if is_more_than_fresh or DataDir(data_dir).known_secret() or os.environ.get("FRONTROW_SECRET"):
        return Finding(Mark.WRONG, "settings", message, "correct the variable and ask again")
    return Finding(Mark.NOTE, "service", f"none was ever started on {data_dir}", "`frontrow up` starts one")


def _variables() -> Iterator[Finding]:
    for name, meant in variables.unknown().items():
        remedy = f"did you mean {meant}?" if meant else "docs/operations.md lists those that are"
        yield Finding(Mark.WRONG, "settings", f"{name} is no setting, so it sets nothing", remedy)


def _identity_keys(source: str) -> Finding:
    """Read the identity provider's key set as the service does."""
    remedy = "correct FRONTROW_IDENTITY_JWKS, or what the provider answers there"
    try:
        usable = key_set.read_usable(source)
    except key_source.UNREADABLE as error:
        return Finding(Mark.WRONG, "identity keys", f"{source}: {error}", remedy)
    if not usable:
        return Finding(Mark.WRONG, "identity keys", f"{source} has no key for signatures that is strong enough", remedy)
    return Finding(Mark.GOOD, "identity keys", f"{len(usable)} usable at {source}")


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with closing(psycopg2.connect(settings.database_url, connect_timeout=3)) as connection:
            version = connection.server_version
        missing = pending(settings.database_url)
    except psycopg2.Error as error:
        remedy = "start it, or correct FRONTROW_DATABASE_URL"
        yield Finding(Mark.WRONG, "database", str(error).strip().replace("\n", " "), remedy)
        return
    if version < OLDEST_POSTGRES:
        yield Finding(Mark.WRONG, "database", f"PostgreSQL {version // 10000} is too old", "use 14 or newer")
    if missing:
        yield Finding(Mark.WRONG, "schema", f"not applied: {', '.join(missing)}", "`frontrow migrate`")
    if version >= OLDEST_POSTGRES and not missing:
        yield Finding(Mark.GOOD, "database", f"PostgreSQL {version // 10000}.{version % 10000}, schema up to date")


def _broker(settings: Settings) -> Iterator[Finding]:
    client = broker_of(settings).client
    try:
        client.ping()
    except redis.RedisError as error:
        yield Finding(Mark.WRONG, "broker", str(error), "start it, or correct FRONTROW_BROKER_URL")
        return
    yield Finding(Mark.GOOD, "broker", "answers")
    try:
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
    except redis.RedisError:  # A managed server need not tell.
        return
    if policy != "noeviction":
        yield Finding(
            Mark.WRONG, "broker", f"maxmemory-policy is {policy}", "set it to noeviction: it drops messages else"
        )


def _service(url: str) -> Finding:
    checks = readiness.checks(url)
    if checks is None:
        return Finding(Mark.WRONG, "service", f"no answer from {url}/readyz", "look at what `frontrow up` prints")
    bad = {name: state for name, state in checks.items() if state != "ok"}
    if bad:
        text = ", ".join(f"{name} {state}" for name, state in bad.items())
        return Finding(Mark.WRONG, "service", f"{url}: {text}", "look at what these processes print")
    return Finding(Mark.GOOD, "service", f"ready at {url}")
