"""``dbnchurn --help``: all verbs by group, as typer lays them out, and without importing typer.

Whatever is unusual (a narrow terminal, another encoding, settings of typer) is left to typer.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from textwrap import wrap

from dbnchurn.cli.exit_codes import EPILOG, ExitCode
from dbnchurn.cli.verbs import GROUPS

ABOUT = "Predict which customers will leave."
NARROWEST = 60  # characters; below, typer moves columns
NO_TERMINAL = 80
# Option, its opposite, and what it does, in parts that begin a line if they do not fit into one.
OPTIONS = (
    ("--verbose", "--no-verbose", ("Log every stage on standard error.", "[default: no-verbose]")),
    ("--help", "", ("Show this message and exit.",)),
)
ASKING: tuple[list[str], ...] = ([], ["--help"])
UNUSUAL = (
    "FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS", "TERMINAL_WIDTH", "TYPER_RICH_MARKUP_MODE",
    "TYPER_USE_RICH", "_TYPER_FORCE_DISABLE_TERMINAL",
)  # fmt: skip
DIM, NAME, TITLE, TYPE = "\x1b[2m", "\x1b[1;36m", "\x1b[1;33m", "\x1b[33m"
PLAIN = "\x1b[0m"


def front_page(program: str, width: int) -> str:
    """The page of all verbs.

    Parameters
    ----------
    program : str
        How the program was called.
    width : int
        Characters of a line.

    Returns
    -------
    str

    Examples
    --------
    >>> page = front_page("dbnchurn", 100)
    >>> "Train and measure" in page, max(map(len, page.splitlines()))
    (True, 100)
    """
    lines = ["", f" Usage: {program} [OPTIONS] COMMAND [ARGS]...", "", f" {ABOUT}", ""]
    lines = [line.ljust(width) for line in lines]
    named = [(f"{name:<10}   {other:<16}<bool>", parts) for name, other, parts in OPTIONS]
    lines += _box("Options", named, width)
    longest = max(len(verb) for group in GROUPS for verb in group.verbs)
    for group in GROUPS:
        rows = [(verb.ljust(longest), (text,)) for verb, text in group.verbs.items()]
        lines += _box(group.title, rows, width)
    closing = ["", *(f" {line}" for line in wrap(EPILOG, width - 2, break_on_hyphens=False)), ""]
    return "\n".join([*lines, *(line.ljust(width) for line in closing)]) + "\n"


def _box(title: str, rows: Sequence[tuple[str, tuple[str, ...]]], width: int) -> list[str]:
    """Names and what they do, in a frame."""
    lines = [f"╭─ {title} {'─' * (width - len(title) - 5)}╮"]
    for name, parts in rows:
        room, whole = width - len(name) - 6, " ".join(parts)
        texts = (whole,) if len(whole) <= room else parts
        wrapped = [line for text in texts for line in wrap(text, room, break_on_hyphens=False)]
        for number, line in enumerate(wrapped):
            before = name if number == 0 else " " * len(name)
            lines.append(f"│ {before}  {line}".ljust(width - 2) + " │")
    return [*lines, f"╰{'─' * (width - 2)}╯"]


def in_colours(page: str) -> str:
    r"""A page with the colours of a terminal.

    Examples
    --------
    >>> in_colours("│ train  Train. │")
    '\x1b[2m│\x1b[0m \x1b[1;36mtrain\x1b[0m  Train. \x1b[2m│\x1b[0m'
    """
    page = re.sub("^( )(Usage:)", rf"\1{TITLE}\2{PLAIN}", page, flags=re.M)
    page = re.sub(r"(?<=^│ )(\S+)", rf"{NAME}\1{PLAIN}", page, flags=re.M)
    page = re.sub(r"(--no-\S+)", rf"{NAME}\1{PLAIN}", page)
    page = re.sub("(<bool>)", rf"{TYPE}\1{PLAIN}", page)
    page = re.sub(r"(\[default: \S+\])", rf"{DIM}\1{PLAIN}", page)
    return re.sub("^([╭╰].*)|(│)", rf"{DIM}\g<0>{PLAIN}", page, flags=re.M)


def print_front_page(words: Sequence[str], settings: Mapping[str, str]) -> ExitCode | None:
    """Print the page where it is asked for.

    Parameters
    ----------
    words : sequence of str
        Of the command line.
    settings : mapping
        Environment variables.

    Returns
    -------
    ExitCode or None
        That of the command; None, and nothing is printed, where the page is not asked for, or
        typer has to draw it.
    """
    if list(words) not in ASKING or any(name in settings for name in UNUSUAL):
        return None
    width, encoding = _width(settings), getattr(sys.stdout, "encoding", None) or ""
    if width < NARROWEST or not encoding.lower().startswith("utf") or os.name == "nt":
        return None
    page = front_page(_program(), width)
    coloured = sys.stdout.isatty() and not settings.get("NO_COLOR")
    coloured = coloured and settings.get("TERM", "dumb") not in ("dumb", "unknown")
    print(in_colours(page) if coloured else page, flush=True)
    return ExitCode.DONE if words else ExitCode.REFUSED


def _width(settings: Mapping[str, str]) -> int:
    """Characters of a line, as rich finds them out."""
    if (given := settings.get("COLUMNS", "")).isdecimal():
        return int(given)
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None and (width := os.get_terminal_size(stream.fileno()).columns):
                return width
        except (OSError, ValueError):
            continue
    return NO_TERMINAL


def _program() -> str:
    """How the program was called, as click says it."""
    package = getattr(sys.modules["__main__"], "__package__", None)
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    if not package:
        return os.path.basename(sys.argv[0])
    return f"python -m {package}" if name == "__main__" else f"python -m {package}.{name}"
