"""The typer application and its entry point.

A user's mistake ends in one message on standard error and exit code 2, without a traceback.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from dbnchurn.cli.exit_codes import EPILOG, ExitCode
from dbnchurn.cli.interruption import (
    closed_output,
    code_of,
    drop_output,
    give_streams,
    one_line,
    sigterm_as_interruption,
)

NOTES = "dbnchurn.notes"  # logger of what is left out or assumed, which is always shown
WIDTH = 170  # characters, where standard output is no terminal

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Predict which customers will leave.",
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


def console() -> Console:
    """Standard output; wide where it is no terminal, so that a log keeps whole lines."""
    return _Console(width=None if sys.stdout.isatty() else WIDTH)


class _Console(Console):
    """Standard output, whose end is an error and no exit."""

    def on_broken_pipe(self) -> None:
        """Raise what rich has caught."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    give_streams()
    with sigterm_as_interruption():
        try:
            try:
                app(args=None if arguments is None else list(arguments))
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
            print(f"error: {message}", file=sys.stderr)
            drop_output()
            sys.exit(ExitCode.REFUSED)
