"""The console that tables are printed on; a verb imports it late, since it brings rich."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from dbnchurn.cli.terminal import spelled_out

WIDTH = 170  # characters, where standard output is no terminal


def console() -> Console:
    """Standard output; wide where it is no terminal, so that a log keeps whole lines."""
    return _Console(width=None if sys.stdout.isatty() else WIDTH)


class _Console(Console):
    """Standard output, whose end is an error and no exit, and whose texts hold no commands."""

    def on_broken_pipe(self) -> None:
        """Raise what rich has caught."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Pieces of what is drawn, with control characters spelled out."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else Segment(spelled_out(piece.text), piece.style)
