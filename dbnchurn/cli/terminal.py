"""What is printed holds no command to the terminal: control characters in texts are spelled out.

Levels, ids and names of files come from others, and a terminal obeys what begins with an escape:
it would change its title, clear the screen, or hide a line. What rich draws by itself stays.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""All but the tab and the new line; with those that turn the direction of writing."""


def spelled_out(text: str) -> str:
    r"""A text whose control characters are written as in Python.

    Examples
    --------
    >>> spelled_out("\x1b[2J12 €") == "\\x1b[2J12 €"
    True
    """
    return CONTROLS.sub(lambda found: repr(found[0])[1:-1], text)


class PlainStream:
    """A stream of text that spells out control characters.

    Parameters
    ----------
    stream : text stream
        What is written goes there.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream  # rich writes there, since its colours are its own

    def write(self, text: str) -> int:
        """Write a text."""
        return self.rich_proxied_file.write(spelled_out(text))

    def writelines(self, lines: list[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


@contextmanager
def plain_streams() -> Iterator[None]:
    """Inside, standard output and standard error spell out control characters."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, PlainStream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
