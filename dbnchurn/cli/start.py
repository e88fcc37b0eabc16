"""The entry point: the page of all verbs, or the verb, of whose libraries it knows nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from dbnchurn.cli.front_page import print_front_page
from dbnchurn.cli.interruption import closed_output, give_streams, one_line, refused


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    give_streams()
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        code = print_front_page(words, os.environ)
    except BrokenPipeError:
        code = closed_output()
    except OSError as error:  # a full disk
        code = refused(one_line(error) or str(error))
    if code is not None:
        sys.exit(code)
    from dbnchurn.cli.command_line import run

    run(words)
