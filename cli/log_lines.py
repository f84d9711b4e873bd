"""The children's lines on one terminal: whose line it is, in a colour of its own, and the line."""

import sys

from rich.console import Console
from rich.text import Text

COLOURS = ("cyan", "green", "magenta", "blue", "yellow", "bright_cyan", "bright_green", "bright_magenta", "bright_blue")
OWN_NAME = "frontrow"
WIDTH = 12


class LogLines:
    """Prints lines; goes quiet, instead of taking the service down, when nobody reads them any more."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._colours: dict[str, str] = {OWN_NAME: "bold white"}
        self._heard = True

    def __call__(self, name: str, line: str) -> None:
        """Print one line of the program `name`."""
        if not self._heard or not line.strip():
            return
        colour = self._colours.setdefault(name, COLOURS[(len(self._colours) - 1) % len(COLOURS)])
        text = Text.assemble((f"{name:<{WIDTH}} ", colour), ("| ", "dim"))
        text.append_text(Text.from_ansi(line.rstrip("\r")))
        try:
            self._console.print(text, soft_wrap=True, highlight=False)
        except (BrokenPipeError, OSError):
            self._heard = False


def console() -> Console:
    """Return the console that commands write to."""
    return Console(file=sys.stdout)
