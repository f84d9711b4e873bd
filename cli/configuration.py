"""The settings of a command: the environment's, completed by what a data directory knows."""

import os
from pathlib import Path

import click
from pydantic import ValidationError

from cli.service import DataDir, environment
from settings import Settings


def load_settings() -> Settings:
    """Read the settings; raises a ClickException with one line a mistake."""
    try:
        return Settings.from_env()
    except ValidationError as error:
        lines = [_line(detail["loc"], detail["msg"]) for detail in error.errors()]
        raise click.ClickException("\n".join(lines)) from None


def settings_of(data_dir: Path) -> Settings:
    """Read the settings as the service on this data directory has them."""
    os.environ.update(environment(DataDir(data_dir)))
    return load_settings()


def _line(location: tuple[int | str, ...], message: str) -> str:
    name = "_".join(str(part) for part in location).upper()
    text = message.removeprefix("Value error, ")
    return f"FRONTROW_{name}: {text}" if name else text
