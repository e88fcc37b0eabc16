"""Makes numbers, table and report of a finished run again, from the other files of its folder."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.core.errors import ConfigError
from dbnchurn.runs.config import read_config
from dbnchurn.runs.facts import FACTS
from dbnchurn.runs.folder import read_json, write_json
from dbnchurn.runs.metrics import measured
from dbnchurn.runs.published import write_table
from dbnchurn.runs.report import write_report

SOURCES = ("config.yaml", "predictions.parquet", FACTS)
METRICS, REPORT = "metrics.json", "report.html"
TABLES = ("table.md", "table.csv")
TOLERANCE = 1e-9  # relative: another version of numpy may sum in another order


@dataclass(frozen=True)
class Recomputed:
    """What came out.

    Parameters
    ----------
    numbers : int
        How many numbers of ``metrics.json`` were made again.
    differences : list of str
        One line for each that differs, with both values.
    files : list of str
        Which of ``report.html``, ``table.md`` and ``table.csv`` are not what the other files give,
        byte for byte, or are not there.
    """

    numbers: int
    differences: list[str]
    files: list[str]

    @property
    def report_differs(self) -> bool:
        """Whether ``report.html`` is among the files that differ."""
        return REPORT in self.files

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences and not self.files

    def words(self) -> str:
        """What differs, a line each, and how many numbers were made again."""
        return "\n".join(
            [
                *self.differences,
                *(f"{name} is not what the other files give" for name in self.files),
                f"{self.numbers} numbers made again, {len(self.differences)} differ",
            ]
        )


def recompute(folder: str | Path, *, write: bool = False) -> Recomputed:
    """Make ``metrics.json``, ``report.html`` and the table of a run again and compare.

    The metrics come from the predictions, the config and the facts of training; report and table
    from these and the metrics made again.

    Parameters
    ----------
    folder : path
        Of a finished run.
    write : bool, default=False
        Whether to put what was made again in the place of what is there.

    Raises
    ------
    ConfigError
        If files are missing.
    """
    folder = Path(folder)
    if absent := [name for name in (*SOURCES, METRICS) if not (folder / name).is_file()]:
        raise ConfigError(
            f"{folder}: not the folder of a finished run, it lacks {', '.join(absent)}"
        )
    stored, facts = read_json(folder / METRICS), read_json(folder / FACTS)
    config = read_config(folder / "config.yaml")
    frame = pd.read_parquet(folder / "predictions.parquet")
    metrics = {**measured(frame, config, facts), "seconds": facts["seconds"]}
    with tempfile.TemporaryDirectory(prefix="dbnchurn-") as work:
        aside = Path(work)
        for name in SOURCES:
            shutil.copyfile(folder / name, aside / name)
        write_json(aside / METRICS, metrics)
        write_table(aside, metrics, config.published)
        if config.report.page:
            write_report(aside)
        made = [name for name in (REPORT, *TABLES) if (aside / name).exists()]
        found = Recomputed(
            sum(1 for _ in leaves(metrics)),
            list(differences(stored, metrics)),
            [name for name in made if not _equal(folder / name, aside / name)],
        )
        if write:
            for name in (METRICS, *made):
                shutil.copyfile(aside / name, folder / name)
    return found


def _equal(one: Path, other: Path) -> bool:
    return one.is_file() and one.read_bytes() == other.read_bytes()


def leaves(plain: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of nested plain data, with where it stands.

    Examples
    --------
    >>> list(leaves({"test": {"f1": 0.5}, "tenths": [3, 2]}))
    [('test.f1', 0.5), ('tenths[0]', 3), ('tenths[1]', 2)]
    """
    if isinstance(plain, Mapping):
        for key, value in plain.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(plain, list):
        for i, value in enumerate(plain):
            yield from leaves(value, f"{path}[{i}]")
    else:
        yield path, plain


def differences(stored: Any, again: Any) -> Iterator[str]:
    """One line for every value that is not the same in both.

    Examples
    --------
    >>> list(differences({"f1": 0.5, "n": 3}, {"f1": 0.4, "n": 3}))
    ['f1: 0.5 in the file, 0.4 made again']
    """
    old, new = dict(leaves(stored)), dict(leaves(again))
    for path in [*old, *(path for path in new if path not in old)]:
        one, other = old.get(path, "nothing"), new.get(path, "nothing")
        if not _same(one, other):
            yield f"{path}: {one} in the file, {other} made again"


def _same(one: Any, other: Any) -> bool:
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-12)
    return bool(one == other)
