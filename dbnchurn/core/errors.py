"""Errors that the user can mend: wrong input, or a machine that is too small.

Every message says in one sentence what is wrong, where, what is allowed and what to do, so the
command line shows the message alone, without a traceback. The classes derive from
:class:`ValueError`, which is what scikit-learn's callers expect of bad input.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from dbnchurn.core.secrets import masked

DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DISK_FAULT = {errno.EIO, errno.EROFS, errno.ENODEV, errno.ESTALE}
# Messages of libraries that do not raise a MemoryError.
NO_MEMORY = ("bad_alloc", "can't allocate memory", "out of memory", "cannot allocate memory")


class DbnchurnError(ValueError):
    """Base of all errors that the user can mend; URLs with a password are masked in the message.

    Parameters
    ----------
    message : str
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(masked(str(message)))


class ConfigError(DbnchurnError):
    """A config file, an override or a parameter holds something that is not allowed."""


class DataError(DbnchurnError):
    """A table is missing, unreadable, or breaks its contract."""


class ArtifactError(DbnchurnError):
    """A stored model is damaged, incomplete, or of an unknown format."""


class ResourceError(DbnchurnError):
    """Memory, disk or a connection failed; nothing is wrong with the input, so work is kept."""


class LeakageWarning(UserWarning):
    """A column seems to reveal the outcome, or names its row; see the parameter ``leakage``."""


def first_line(error: Exception) -> str:
    r"""The first line of a message that says something; the kind of an error without message.

    A line that ends in a colon is followed by the next one, without headings such as ``## FILE``.

    Examples
    --------
    >>> first_line(ValueError(" no such table ")), first_line(KeyError())
    ('no such table', 'KeyError')
    >>> first_line(ValueError("these failed:\n## a.csv ##\nno such file\nend"))
    'these failed: no such file'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said: list[str] = []
    for line in lines:
        if not said or not line.startswith("##"):
            said.append(line[:300])
            if not line.endswith(":"):
                break
    return " ".join(said) if said else type(error).__name__


def listed(values: Iterable[object], limit: int = 8) -> str:
    """Values for a message: quoted, in order, cut after `limit`.

    Parameters
    ----------
    values : iterable
    limit : int, default 8

    Returns
    -------
    str

    Examples
    --------
    >>> listed(["a", "b"])
    "'a', 'b'"
    >>> listed(range(5), limit=2)
    '0, 1 and 3 more'
    """
    shown = [repr(value) for value in values]
    rest = len(shown) - limit
    return ", ".join(shown) if rest <= 0 else f"{', '.join(shown[:limit])} and {rest} more"


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """The end of a message about an unknown name: the closest allowed one, and all allowed ones.

    Parameters
    ----------
    name : str
    allowed : iterable of str

    Returns
    -------
    str

    Examples
    --------
    >>> did_you_mean("cdk", ["cd_k", "layers"])
    "did you mean 'cd_k'? (allowed: 'cd_k', 'layers')"
    >>> did_you_mean("colour", ["cd_k", "layers"])
    "allowed are 'cd_k', 'layers'"
    """
    names = list(allowed)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    shown = listed(names, limit=30)
    return f"did you mean {close[0]!r}? (allowed: {shown})" if close else f"allowed are {shown}"


@contextmanager
def wants_extra(extra: str) -> Iterator[None]:
    """Say which extra brings a package that is imported inside and not there.

    Raises
    ------
    ConfigError
        If an import inside fails.

    Examples
    --------
    >>> with wants_extra("onnx"):
    ...     import json
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"the package {error.name!r} is not installed; it comes with "
            f"pip install 'dbnchurn[{extra}]'"
        ) from error


@contextmanager
def wants_docstrings() -> Iterator[None]:
    """Say that training needs docstrings, where a package imported inside fails without them.

    Raises
    ------
    ConfigError
        If an import inside fails under ``python -OO``.

    Examples
    --------
    >>> with wants_docstrings():
    ...     import json
    """
    try:
        yield
    except AttributeError as error:
        if sys.flags.optimize < 2:
            raise
        raise ConfigError(
            "xgboost cannot be imported by python -OO, which strips docstrings; train with python "
            "or python -O; a stored model is scored with -OO as well"
        ) from error


def lacking(error: BaseException) -> str:
    """The advice for an error that means too little memory or disk; empty for other errors.

    Examples
    --------
    >>> lacking(MemoryError())
    'memory does not suffice: free some, or set classifier.large_tables.memory lower'
    >>> lacking(KeyError("debt"))
    ''
    """
    message = str(error)
    if isinstance(error, OSError) and (error.errno in DISK_FULL or "No space left" in message):
        return f"the disk is full ({message}): free some space"
    if isinstance(error, OSError) and error.errno in DISK_FAULT:
        return f"a file could not be written ({message})"
    if isinstance(error, MemoryError) or any(text in message.lower() for text in NO_MEMORY):
        return "memory does not suffice: free some, or set classifier.large_tables.memory lower"
    return ""
