"""Keys of runs, from config, data and packages; and completion markers of finished folders.

A run counts as finished if its folder has a completion marker with its key, and every file has the
hash that the marker lists. Folders appear by rename and the marker is written last, so that what a
killed process left is never taken for a result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.files import write_whole
from dbnchurn.core.provenance import fingerprint, versions
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import read_customers
from dbnchurn.tables import Customers

MARKER = "seal.json"
DATA = {"source", "columns", "data", "n_threads"}
"""Sections that decide which table is read."""
NO_RESULT = frozenset({"output", "experiment", "tuning", "retraining", "tracking"})
"""Sections that change no number of a run."""


def of_customers(table: Customers) -> str:
    """Fingerprint of all rows that runs train and test on, in hexadecimal.

    Examples
    --------
    >>> frame = pd.DataFrame({"debt": [1.0, 2.0]})
    >>> def table(y):
    ...     return Customers(np.arange(2), frame, np.array(y), None, frame.iloc[:0])
    >>> of_customers(table([0, 1])) == of_customers(table([0, 1])) != of_customers(table([1, 1]))
    True
    """
    arrays = [np.frombuffer(repr(_columns(table)).encode(), np.uint8), table.y]
    side_columns = [table.side_columns] if len(table.side_columns.columns) else []
    for frame in (table.X, table.unlabelled, pd.DataFrame({"id": table.ids}), *side_columns):
        arrays.append(pd.util.hash_pandas_object(frame.astype(_mixed_columns(frame)), index=False))
    arrays += [dates for dates in (table.dates, table.closed) if dates is not None]
    return fingerprint(np.asarray(array) for array in arrays)


def _columns(table: Customers) -> list[tuple[str, str]]:
    return [(str(name), str(kind)) for name, kind in table.X.dtypes.items()]


def _mixed_columns(frame: pd.DataFrame) -> dict[Any, Any]:
    """Columns that may hold values of several types, which are hashed as text."""
    return {name: str for name, kind in frame.dtypes.items() if str(kind) == "object"}


class Fingerprints:
    """Fingerprints of the data of configs, each table read once.

    Attributes
    ----------
    largest : int
        Bytes of the largest table so far.
    """

    def __init__(self) -> None:
        self.largest = 0
        self._known: dict[str, str] = {}

    def of(self, config: RunConfig) -> str:
        """The fingerprint of the table of a config."""
        data = config.model_dump_json(include=DATA)
        if data not in self._known:
            with ScratchFolder() as work:
                table, _ = read_customers(config, work)
            self.largest = max(self.largest, int(table.X.memory_usage(deep=True).sum()))
            self._known[data] = of_customers(table)
        return self._known[data]


def key_of(config: RunConfig, data: str) -> str:
    """The key of a run: the same for runs whose numbers are the same.

    Parameters
    ----------
    config : RunConfig
        All of it but the sections that change no number.
    data : str
        Fingerprint of the table.

    Returns
    -------
    str
        SHA-256 of both and the versions of the packages, in hexadecimal.
    """
    settings = config.model_dump(mode="json", exclude=set(NO_RESULT))
    text = json.dumps({"config": settings, "data": data, "versions": versions()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_completion_marker(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the completion marker, as the last file of a folder.

    Parameters
    ----------
    folder : Path
    facts : mapping
        Plain data; ``files``, the hash of every file, is added.
    """
    text = json.dumps({**facts, "files": _hashes(folder)}, indent=1)
    write_whole(folder / MARKER, text)


def completion_marker(folder: Path) -> dict[str, Any] | None:
    """The facts of a folder whose files all have the hashes of its marker; None otherwise."""
    try:
        facts: dict[str, Any] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        return facts if facts["files"] == _hashes(folder) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MARKER)
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }
