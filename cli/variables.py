"""Variables of the environment that begin as ours do, and that nothing reads: a typing error sets nothing."""

import os
import re
from difflib import get_close_matches

from cli import procfile
from settings import Settings

PREFIX = "FRONTROW_"
# Besides the settings: how many processes and threads there are.
_READ_IN = ("Procfile", "gunicorn.conf.py")
_NAME = re.compile(rf"\b{PREFIX}[A-Z_]+[A-Z]\b")


def known() -> set[str]:
    """Return the name of every variable that frontrow reads."""
    texts = [(procfile.ROOT / name).read_text() for name in _READ_IN]
    return {f"{PREFIX}{field.upper()}" for field in Settings.model_fields} | set(_NAME.findall("\n".join(texts)))


def unknown() -> dict[str, str | None]:
    """Return the variables that nothing reads, each with the name it resembles, if there is one."""
    names = known()
    found = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name not in names)
    return {name: next(iter(get_close_matches(name.upper(), names, n=1, cutoff=0.75)), None) for name in found}
