"""What a person at the terminal is told when a command cannot go on."""

import click


class CannotStartError(click.ClickException):
    """A server or process could not be started; the message says what to do. Ends the command with status 1."""
