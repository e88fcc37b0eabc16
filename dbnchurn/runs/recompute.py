"""Recomputes metrics, table and report of a finished run from the other files of its folder."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.files import write_whole
from dbnchurn.core.flattening import dotted, flatten
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.runs.all_test_rows import OTHERS
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
    """The result of a recomputation.

    Parameters
    ----------
    numbers : int
        How many values ``metrics.json`` has.
    differences : list of str
        One line for each that differs, with both values.
    files : list of str
        Which of ``report.html``, ``table.md`` and ``table.csv`` are absent or differ in a byte from
        what the other files give.
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

    def to_text(self) -> str:
        """A line for each difference, and one with the counts."""
        return "\n".join(
            [
                *self.differences,
                *(f"{name} is not what the other files give" for name in self.files),
                f"{self.numbers} numbers made again, {len(self.differences)} differ",
            ]
        )


def recompute(folder: str | Path, *, write: bool = False) -> Recomputed:
    """Recompute ``metrics.json``, ``report.html`` and the table of a run, and compare.

    The metrics come from the predictions (of a run that has drawn customers also from the folder
    ``predictions`` of the others), the config and the facts of training; report and table
    from these and the recomputed metrics.

    Parameters
    ----------
    folder : path
        Of a finished run.
    write : bool, default False
        Whether to replace the files of the folder by the recomputed ones.

    Returns
    -------
    Recomputed

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
    if "all_test" in stored and not (folder / OTHERS).is_dir():
        raise ConfigError(
            f"{folder}: its metrics are of customers who were not drawn, too, and their "
            f"predictions are not there: it lacks the folder {OTHERS}"
        )
    config = read_config(folder / "config.yaml")
    frame = pd.read_parquet(folder / "predictions.parquet")
    metrics = {**measured(frame, config, facts, folder / OTHERS), "seconds": facts["seconds"]}
    with ScratchFolder() as aside:
        for name in SOURCES:
            shutil.copyfile(folder / name, aside / name)
        write_json(aside / METRICS, metrics)
        write_table(aside, metrics, config.published)
        if config.report.page:
            write_report(aside)
        made = [name for name in (REPORT, *TABLES) if (aside / name).exists()]
        recomputed = Recomputed(
            len(values_by_path(metrics)),
            list(differences(stored, metrics)),
            [name for name in made if not _equal(folder / name, aside / name)],
        )
        if write:
            for name in (METRICS, *made):
                write_whole(folder / name, (aside / name).read_bytes())
    return recomputed


def _equal(stored: Path, again: Path) -> bool:
    return stored.is_file() and stored.read_bytes() == again.read_bytes()


def values_by_path(metrics: dict[str, Any]) -> dict[str, Any]:
    """Dotted path → value of everything in nested metrics but empty mappings and lists.

    Examples
    --------
    >>> values_by_path({"test": {"f1": 0.5}, "tenths": [3, 2]})
    {'test.f1': 0.5, 'tenths[0]': 3, 'tenths[1]': 2}
    """
    return {
        dotted(path): value
        for path, value in flatten(metrics, lists="items")
        if not isinstance(value, dict | list)
    }


def differences(stored: dict[str, Any], again: dict[str, Any]) -> Iterator[str]:
    """One line for every value that is not the same in both, up to the last digits of a number.

    Parameters
    ----------
    stored, again : dict
        Nested plain data of the file, and recomputed.

    Yields
    ------
    str

    Examples
    --------
    >>> list(differences({"f1": 0.5, "n": 3}, {"f1": 0.4, "n": 3}))
    ['f1: 0.5 in the file, 0.4 made again']
    """
    old, new = values_by_path(stored), values_by_path(again)
    for path in [*old, *(path for path in new if path not in old)]:
        before, after = old.get(path, "nothing"), new.get(path, "nothing")
        if not _same(before, after):
            yield f"{path}: {before} in the file, {after} made again"


def _same(before: Any, after: Any) -> bool:
    numbers = (int, float)
    if isinstance(before, numbers) and isinstance(after, numbers):
        return math.isclose(before, after, rel_tol=TOLERANCE, abs_tol=1e-12)
    return bool(before == after)
