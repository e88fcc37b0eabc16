"""How a command ends that is stopped: signals, closed streams, and errors of the machine."""

from __future__ import annotations

import errno
import functools
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import ParamSpec, TypeVar

from dbnchurn.cli.exit_codes import ExitCode
from dbnchurn.core.errors import DbnchurnError, lacking

log = logging.getLogger(__name__)
Given = ParamSpec("Given")
Result = TypeVar("Result")
# Verbs that go on where they were, and what of them is kept.
KEPT = {
    "experiment": "finished runs are kept, and the same command goes on from there",
    "tune": "finished trials are kept, and the same command goes on from there",
}


class Terminated(KeyboardInterrupt):
    """The process was asked to end by SIGTERM."""


@contextmanager
def sigterm_as_interruption() -> Iterator[None]:
    """Raise :class:`Terminated` inside when SIGTERM comes, so that all is left as after Ctrl-C.

    A handler that is set already stays, and so does everything outside of the main thread.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise Terminated(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def code_of(stop: BaseException | None) -> ExitCode:
    """The exit code of an interruption.

    Examples
    --------
    >>> code_of(KeyboardInterrupt()).value, code_of(Terminated()).value
    (130, 143)
    """
    return ExitCode.TERMINATED if isinstance(stop, Terminated) else ExitCode.INTERRUPTED


def ending_in_one_line(verb: Callable[Given, Result]) -> Callable[Given, Result]:
    """A verb whose interruption, or closed output, ends in its own exit code."""
    from typer import Exit  # which a page of all verbs does without

    @functools.wraps(verb)
    def run(*args: Given.args, **options: Given.kwargs) -> Result:
        try:
            return verb(*args, **options)
        except KeyboardInterrupt as stop:
            left = KEPT.get(verb.__name__, "nothing is left that was not finished")
            print(f"interrupted: {left}", file=sys.stderr, flush=True)
            raise Exit(code_of(stop)) from None
        except BrokenPipeError:
            raise Exit(closed_output()) from None

    return run


def one_line(error: Exception) -> str | None:
    """The message of an error that the user or the machine can mend; None for a fault.

    Examples
    --------
    >>> one_line(OSError(28, "No space left on device", "s.csv"))
    's.csv: No space left on device'
    >>> one_line(KeyError("debt")) is None
    True
    """
    if isinstance(error, DbnchurnError):
        return str(error)
    if isinstance(error, OSError):
        log.debug("where it was", exc_info=error)
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or os.strerror(error.errno or errno.EIO)}"
    return lacking(error) or None


def closed_output() -> ExitCode:
    """Say that nobody reads what is printed, and print no more."""
    drop_output()
    with suppress(OSError):
        print("standard output was closed before the end; files are written", file=sys.stderr)
    return ExitCode.OUTPUT_CLOSED


def refused(message: str) -> ExitCode:
    """Say in one line why a command ends, and print no more.

    Parameters
    ----------
    message : str

    Returns
    -------
    ExitCode
    """
    with suppress(OSError):
        print(f"error: {message}", file=sys.stderr)
    drop_output()
    return ExitCode.REFUSED


def drop_output() -> None:
    """Let what is still to be printed go nowhere, so that the interpreter ends without a word."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


def give_streams() -> None:
    """Open what stands for streams that were closed before the start (``>&-``)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
