"""Which run is which: a key of config, data and packages, and a seal on a finished folder.

A run counts as finished if its folder has a seal with its key and every file is as it was sealed.
Folders appear by rename and the seal is written last, so what a killed process left is never taken
for a result.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.files import atomic_write
from dbnchurn.core.provenance import fingerprint, versions
from dbnchurn.runs.customers import read_customers
from dbnchurn.tables import Customers

SEAL = "seal.json"
DATA = ("source", "columns", "data", "n_threads")
NO_MATTER = {"output", "experiment", "tuning", "tracking"}


def of_customers(table: Customers) -> str:
    """Fingerprint of all that is learned from and tested on.

    Examples
    --------
    >>> frame = pd.DataFrame({"debt": [1.0, 2.0]})
    >>> def table(y):
    ...     return Customers(np.arange(2), frame, np.array(y), None, frame.iloc[:0])
    >>> of_customers(table([0, 1])) == of_customers(table([0, 1])) != of_customers(table([1, 1]))
    True
    """
    arrays = [np.frombuffer(repr(_columns(table)).encode(), np.uint8), table.y]
    beside = [table.side_columns] if len(table.side_columns.columns) else []
    for frame in (table.X, table.unlabelled, pd.DataFrame({"id": table.ids}), *beside):
        arrays.append(pd.util.hash_pandas_object(frame.astype(_plain(frame)), index=False))
    arrays += [dates for dates in (table.dates, table.closed) if dates is not None]
    return fingerprint(np.asarray(array) for array in arrays)


def _columns(table: Customers) -> list[tuple[str, str]]:
    return [(str(name), str(kind)) for name, kind in table.X.dtypes.items()]


def _plain(frame: pd.DataFrame) -> dict[Any, Any]:
    """Mixed columns are hashed as text."""
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

    def of(self, config: Any) -> str:
        """The fingerprint of what a config's runs see."""
        asked = config.model_dump_json(include=set(DATA))
        if asked not in self._known:
            with tempfile.TemporaryDirectory(prefix="dbnchurn-") as work:
                table, _ = read_customers(config, Path(work))
            self.largest = max(self.largest, int(table.X.memory_usage(deep=True).sum()))
            self._known[asked] = of_customers(table)
        return self._known[asked]


def key_of(config: Any, data: str, exclude: set[str] = NO_MATTER) -> str:
    """SHA-256 of a config, a data fingerprint and the versions of the packages, in hexadecimal."""
    said = {"config": config.model_dump(mode="json", exclude=exclude), "data": data}
    text = json.dumps({**said, "versions": versions()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def write_completion_marker(folder: Path, facts: Mapping[str, Any]) -> None:
    """Note the facts and the hash of every file, as the last file of a folder."""
    text = json.dumps({**facts, "files": _hashes(folder)}, indent=1)
    with atomic_write(folder / SEAL) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def completion_marker(folder: Path) -> dict[str, Any] | None:
    """The facts of a folder whose files are all as they were sealed; None otherwise."""
    try:
        facts: dict[str, Any] = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        return facts if facts["files"] == _hashes(folder) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != SEAL)
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }
