"""The children's lines on one terminal: whose line it is, in a colour of its own, and the line."""

import contextlib
import os
import sys

import click
from rich.console import Console

COLOURS = ("cyan", "green", "magenta", "blue", "yellow", "bright_cyan", "bright_green", "bright_magenta", "bright_blue")
OWN_NAME = "frontrow"
OWN_COLOUR = "bright_white"
WIDTH = 12


class LogLines:
    """Prints lines; goes quiet, instead of taking the service down, when nobody reads them any more.

    Under load there are thousands a second, so a prefix is styled once and a line is written as it came.
    """

    def __init__(self, console: Console) -> None:
        self._stream = console.file
        self._coloured = console.is_terminal
        self._prefixes: dict[str, str] = {}
        self._heard = True

    def __call__(self, name: str, line: str) -> None:
        """Print one line of the program `name`."""
        if not self._heard or not line.strip():
            return
        text = line.rstrip("\r")
        try:
            self._stream.write(f"{self._prefix(name)}{text if self._coloured else click.unstyle(text)}\n")
            self._stream.flush()
        except OSError:
            self._heard = False
            # What is still buffered would fail once more when Python ends.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def _prefix(self, name: str) -> str:
        if name not in self._prefixes:
            colour = OWN_COLOUR if name == OWN_NAME else COLOURS[len(self._prefixes) % len(COLOURS)]
            plain = f"{name:<{WIDTH}} "
            styled = click.style(plain, fg=colour) + click.style("| ", dim=True)
            self._prefixes[name] = styled if self._coloured else plain + "| "
        return self._prefixes[name]


def console() -> Console:
    """Return the console that commands write to."""
    return Console(file=sys.stdout)
