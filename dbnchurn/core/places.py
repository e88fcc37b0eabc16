"""Where a job reads and writes: no file in two roles, and no folder that a slip of the pen makes.

Paths are compared after links are followed, by their files where they exist, and without regard to
the case of their endings.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatch
from itertools import combinations
from pathlib import Path

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.made_by import note_read

Written = Mapping[str, str | Path | None]
NOT_THERE = "does not exist"
Read = Mapping[str, Iterable[str | Path]]


def conflicts(written: Written, read: Read, *, emptied: Iterable[str] = ()) -> list[str]:
    """Find files that would be in two roles, of which at least one is written.

    Parameters
    ----------
    written : mapping of role → path or None
        Files and folders that are to be written; None where there is none.
    read : mapping of role → paths
        Files, folders and patterns with ``*`` that are read, the model folder among them. Nothing
        may be written into such a folder, or to a name that such a pattern takes in.
    emptied : iterable of str
        Roles of `written` that are folders whose contents are replaced; nothing that is read may
        lie in them.

    Returns
    -------
    list of str
        A sentence for every conflict.

    Examples
    --------
    >>> conflicts({"output": "s.csv", "campaign": "./s.csv"}, {"input": ["t.csv"]})
    ['output and campaign are the same file: s.csv']
    >>> conflicts({"output": "export/s.csv"}, {"input": ["export/*.csv"]})
    ['output: export/s.csv lies in what is read (input export/*.csv)']
    """
    outputs = {role: Path(path) for role, path in written.items() if path is not None}
    inputs = [(role, str(path)) for role, paths in read.items() for path in paths]
    found = [
        f"{one} and {other} are the same file: {outputs[one]}"
        for one, other in combinations(outputs, 2)
        if _same(outputs[one], outputs[other])
    ]
    lying: set[tuple[Path, str]] = set()  # one sentence for a job's files side by side
    for role, path in outputs.items():
        for other, source in inputs:
            if "*" not in source and _same(path, Path(source)):
                found.append(f"{role} and {other} are the same file: {path}")
            elif _inside(path, source):
                if (path.parent, source) in lying:
                    continue
                lying.add((path.parent, source))
                found.append(f"{role}: {path} lies in what is read ({other} {source})")
            elif role in emptied and _real(path) in _real(Path(source)).parents:
                found.append(f"{role}: {path} is replaced, and {other} {source} lies in it")
    return list(dict.fromkeys(found))


def absent_folders(written: Written) -> list[str]:
    """Find files and folders whose parent folder does not exist.

    Returns
    -------
    list of str
        A sentence for every such folder, with one of a similar name if there is one.

    Examples
    --------
    >>> absent_folders({"output": "/nowhere/s.csv", "rejected": None})
    ['output /nowhere/s.csv: the folder /nowhere does not exist']
    """
    return list(_absent(written))


def _absent(written: Written) -> Iterator[str]:
    parents = {Path(path).parent: (role, path) for role, path in [*written.items()][::-1] if path}
    for parent, (role, path) in [*parents.items()][::-1]:
        if parent.is_dir():
            continue
        if parent.exists():
            yield f"{role} {path}: {parent} is a file, not a folder"
        else:
            yield f"{role} {path}: the folder {parent} {NOT_THERE}{_similar(parent)}"


def check_places(
    written: Written,
    read: Read | None = None,
    *,
    emptied: Iterable[str] = (),
    mkdir: bool = False,
) -> None:
    """Refuse, before any work, outputs that are an input or one another, or without a folder.

    Parameters
    ----------
    written, read, emptied
        As :func:`conflicts` takes them.
    mkdir : bool, default False
        Folders need not be there: what writes the files makes them.

    Raises
    ------
    ConfigError
        With all conflicts and all absent folders at once.

    Examples
    --------
    >>> check_places({"output": "t.csv"}, {"input": ["t.csv"]})
    Traceback (most recent call last):
    dbnchurn.core.errors.ConfigError: output and input are the same file: t.csv; write somewhere \
else
    """
    clashes = conflicts(written, read or {}, emptied=emptied)
    note_read(path for paths in (read or {}).values() for path in paths)
    absent = absent_folders(written)
    if mkdir:
        absent = [sentence for sentence in absent if NOT_THERE not in sentence]
    messages = [f"{'; '.join(clashes)}; write somewhere else"] if clashes else []
    if absent:
        makeable = any(NOT_THERE in sentence for sentence in absent)
        how = "; make it, or let it be made with --mkdir (in Python mkdir=True)"
        messages.append(f"{'; '.join(absent)}{how if makeable else ''}")
    if messages:
        raise ConfigError("; ".join(messages))


def make_folder(folder: Path, role: str) -> None:
    """Make a folder, and those above it.

    Parameters
    ----------
    folder : Path
    role : str
        What it is for, for the message.

    Raises
    ------
    ConfigError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{role}: {folder} cannot be made: {error.strerror}") from error


def _similar(folder: Path) -> str:
    """A folder of a similar name beside one that is not there."""
    above = folder.parent
    names = [entry.name for entry in above.iterdir() if entry.is_dir()] if above.is_dir() else []
    close = get_close_matches(folder.name, names, n=1)
    return f" (there is {above / close[0]})" if close else ""


def _real(path: Path) -> Path:
    """The path behind all links, with the ending in lower case."""
    real = Path(os.path.normcase(os.path.realpath(path)))
    return real.with_suffix(real.suffix.lower()) if real.suffix else real


def _same(one: Path, other: Path) -> bool:
    if _real(one) == _real(other):
        return True
    try:
        return os.path.samefile(one, other)  # hard links, and file systems that ignore case
    except OSError:
        return False


def _inside(path: Path, source: str) -> bool:
    """Whether a path lies in a folder that is read, or matches a pattern."""
    if "*" in source:
        real = _real(path)
        pattern = os.path.join(os.path.realpath(os.path.dirname(source) or "."), "")
        return fnmatch(str(real), pattern + os.path.basename(source))
    folder = Path(source)
    return folder.is_dir() and _real(folder) in _real(path).parents
