"""The Procfile, read as every Procfile runner reads it: a name, a colon, a shell command."""

import re
from pathlib import Path

from cli.errors import CannotStartError

ROOT = Path(__file__).resolve().parent.parent
# Run once before the others start, not kept running.
RELEASE = "release"
_LINE = re.compile(r"^(?P<name>[A-Za-z0-9_-]+):\s*(?P<command>.+)$")


def read(path: Path = ROOT / "Procfile") -> dict[str, str]:
    """Return the command of each process, in the file's order; raises CannotStartError without a Procfile."""
    if not path.is_file():
        message = f"There is no {path}; frontrow up runs from a clone of the project."
        raise CannotStartError(message)
    matches = (_LINE.match(line) for line in path.read_text(encoding="utf-8").splitlines())
    return {match["name"]: match["command"] for match in matches if match}


def kept_running(path: Path = ROOT / "Procfile") -> dict[str, str]:
    """Return the commands that `frontrow up` keeps running."""
    return {name: command for name, command in read(path).items() if name != RELEASE}
