"""The typer application, and how a command runs.

A user's mistake ends in one message on standard error and exit code 2, without a traceback.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from copy import copy
from importlib import import_module
from typing import Annotated

import typer
from typer.models import CommandInfo

from dbnchurn.cli.exit_codes import EPILOG
from dbnchurn.cli.front_page import ABOUT
from dbnchurn.cli.interruption import (
    closed_output,
    code_of,
    ending_in_one_line,
    one_line,
    refused,
    sigterm_as_interruption,
)
from dbnchurn.cli.terminal import plain_streams
from dbnchurn.cli.verbs import GROUPS, module_of
from dbnchurn.core.made_by import Command, running

NOTES = "dbnchurn.notes"  # logger of what is left out or assumed, which is always shown

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=ABOUT,
    epilog=EPILOG,
)


@app.callback()
def log_to_standard_error(
    verbose: Annotated[bool, typer.Option(help="Log every stage on standard error.")] = False,
) -> None:
    """Predict which customers will leave."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(levelname)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger(NOTES).setLevel(logging.INFO)


def whole_app() -> typer.Typer:
    """The application with all verbs, in the order of the help."""
    order = [f"{__package__}.{group.module}" for group in GROUPS]
    for module in order:
        import_module(module)
    _finish()
    app.registered_commands.sort(key=lambda command: order.index(_module_of(command)))
    return app


def app_of(words: Sequence[str]) -> typer.Typer:
    """The application with the verb that is called, or with all of them where none is.

    Parameters
    ----------
    words : sequence of str
        Of the command line.

    Returns
    -------
    Typer
    """
    verb = next((word for word in words if not word.startswith("-")), "")
    module = module_of(verb)
    if module is None:
        return whole_app()
    import_module(f"{__package__}.{module}")
    _finish()
    alone = copy(app)  # of the others, arguments and options need not be made
    alone.registered_commands = [
        command for command in app.registered_commands if _name_of(command) == verb
    ]
    return alone


def _finish() -> None:
    """What all verbs have: the exit codes in their help, and an end in one line."""
    for command in app.registered_commands:
        if command.epilog is None and command.callback is not None:
            command.epilog = EPILOG
            command.callback = ending_in_one_line(command.callback)


def _name_of(command: CommandInfo) -> str:
    """As it is typed."""
    return command.name or getattr(command.callback, "__name__", "").replace("_", "-")


def _module_of(command: CommandInfo) -> str:
    return "" if command.callback is None else command.callback.__module__


def run(words: Sequence[str]) -> None:
    """Run a command.

    Parameters
    ----------
    words : sequence of str
        Of the command line.
    """
    with plain_streams(), sigterm_as_interruption(), running(Command(list(words))):
        try:
            try:
                app_of(words)(args=list(words))
            except SystemExit:
                sys.stdout.flush()  # here, where it can still be said that it is closed
                raise
        except KeyboardInterrupt as stop:  # outside of a verb
            sys.exit(code_of(stop))
        except BrokenPipeError:
            sys.exit(closed_output())
        except Exception as error:
            if (message := one_line(error)) is None:
                raise
            sys.exit(refused(message))
