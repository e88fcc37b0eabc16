"""The console that tables are printed on: its texts hold no commands to the terminal."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from dbnchurn.cli.terminal import spelled_out


class PlainConsole(Console):
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
