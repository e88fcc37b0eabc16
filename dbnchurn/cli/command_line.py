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
from dbnchurn.core.errors import DbnchurnError

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS}
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
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    try:
        app(args=None if arguments is None else list(arguments))
    except DbnchurnError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(ExitCode.REFUSED)
    except OSError as error:
        if error.errno not in DISK:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{os.strerror(error.errno or 0)}", file=sys.stderr)
        sys.exit(ExitCode.REFUSED)
    except KeyboardInterrupt:  # outside of a verb
        sys.exit(ExitCode.INTERRUPTED)
