"""How a command ends: the exit codes, the same for all commands."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes; ``meaning`` says in a sentence what each stands for.

    Examples
    --------
    >>> ExitCode.REFUSED.value, ExitCode(3).name
    (2, 'ALARM')
    """

    DONE = 0
    FAULT = 1
    REFUSED = 2
    ALARM = 3
    DIFFERENT = 4
    WATCH = 5
    RECALIBRATE = 6
    RETRAIN = 7
    INTERRUPTED = 130
    OUTPUT_CLOSED = 141
    TERMINATED = 143

    @property
    def meaning(self) -> str:
        """What the code stands for, as the help and the documentation have it."""
        return MEANINGS[self]


MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAULT: "an unexpected fault of the program, with a traceback",
    ExitCode.REFUSED: "refused, in one line: input, config, options, or a full disk or memory",
    ExitCode.ALARM: "done, and the drift reached --alarm",
    ExitCode.DIFFERENT: "done, and recompute found what differs from a run or a page",
    ExitCode.WATCH: "done, and monitor recommends to watch the next months",
    ExitCode.RECALIBRATE: "done, and monitor recommends to recalibrate the scores",
    ExitCode.RETRAIN: "done, and monitor recommends to retrain the model",
    ExitCode.INTERRUPTED: "interrupted by the user (Ctrl-C)",
    ExitCode.OUTPUT_CLOSED: "standard output was closed before the end; files are written",
    ExitCode.TERMINATED: "stopped by SIGTERM, which is handled as Ctrl-C",
}

EPILOG = "Exit codes: " + "; ".join(f"{code.value} {code.meaning}" for code in ExitCode) + "."
"""One paragraph for the end of every help page."""
