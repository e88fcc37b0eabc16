"""The typer application and its entry point.

A user's mistake ends in one message on standard error and exit code 2, without a traceback.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from dbnchurn.cli.exit_codes import EPILOG, ExitCode
from dbnchurn.cli.interruption import (
    closed_output,
    code_of,
    drop_output,
    give_streams,
    one_line,
    sigterm_as_interruption,
)
from dbnchurn.cli.terminal import plain_streams
from dbnchurn.core.made_by import Command, running

NOTES = "dbnchurn.notes"  # logger of what is left out or assumed, which is always shown

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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    give_streams()
    words = sys.argv[1:] if arguments is None else list(arguments)
    with plain_streams(), sigterm_as_interruption(), running(Command(words)):
        try:
            try:
                app(args=words)
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
