"""One search for segments: config in; list, page, candidates and sweeps out, in one folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from dbnchurn.config import Section, build, dump, model_from_signatures, read
from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.progress import stage
from dbnchurn.runs.folder import free_folder, open_output
from dbnchurn.runs.sections import SourceSection
from dbnchurn.segments.files import load, save
from dbnchurn.segments.miner import SegmentMiner
from dbnchurn.segments.page import headline
from dbnchurn.segments.sweep import as_table, sweep

log = logging.getLogger(__name__)
SWEPT = {"bins": "intervals per column", "min_count": "minimum count"}


class ColumnsSection(Section):
    """What the columns are."""

    label: str = Field(description="Column with the answers, or with scores.")
    group: str | None = Field(
        default=None, description="Column whose rows of one value stay in one part (a customer)."
    )
    drop: tuple[str, ...] = Field(default=(), description="Columns that describe nobody.")


class SweepsSection(Section):
    """Settings that are varied one at a time; what is not given stays as in `miner`."""

    mode: Literal["ranges", "paper"] = "paper"
    columns: tuple[str, ...] = Field(default=(), description="Columns to mine; all by default.")
    bins: tuple[int, ...] = Field(default=(), description="Intervals per column.")
    min_count: tuple[int, ...] = Field(default=(), description="Minimum counts.")
    repeats: Annotated[int, Field(ge=1)] = Field(default=3, description="Random splits.")


class SegmentsBase(Section):
    """The config of one search."""

    source: SourceSection
    columns: ColumnsSection
    sweeps: SweepsSection | None = None
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Seed of everything.")
    output: Path = Field(default=Path("runs"), description="Folder for the folder of results.")


SegmentsConfig: type[Any] = model_from_signatures(
    "SegmentsConfig", {"miner": SegmentMiner}, base=SegmentsBase, omit=("random_state",)
)


def read_segments_config(path: str | Path, overrides: Sequence[str] = ()) -> Any:
    """Read and check the config of a search.

    Raises
    ------
    ConfigError
        With one line for everything that is wrong.
    """
    return read(path, overrides, SegmentsConfig)


def run(config: Any, name: str = "segments") -> Path:
    """Find segments as `config` says.

    Parameters
    ----------
    config : SegmentsConfig
    name : str
        Name of the run folder; a number is added if there is one of that name.

    Returns
    -------
    folder : Path
        With ``segments.csv``, ``.json``, ``.sql``, ``.md`` and ``.html``, ``candidates.csv``,
        ``config.yaml`` and, where settings are swept, ``sweeps.csv`` and a picture of each. It
        appears when all of it is written.

    Raises
    ------
    DataError, ConfigError
        If the table or the config cannot be used.
    """
    open_output(config.output)
    with stage("read"):
        X, y, groups = load_table(config)
    with stage("mine"):
        miner = build(config.miner, SegmentMiner, random_state=config.seed)
        miner.fit(X, y, groups=groups)
    for column, why in miner.skipped_.items():
        log.warning("column %r is left out: %s", column, why)
    folder = free_folder(config.output, name)
    with atomic_folder(folder) as aside:
        save(miner.segments_, aside)
        miner.candidates_.to_csv(aside / "candidates.csv", index=False)
        (aside / "config.yaml").write_text(dump(config), encoding="utf-8")
        if config.sweeps:
            write_sweeps(config, X, y, miner.segments_.base["report"].value, aside)
    return folder


def load_table(config: Any) -> tuple[pd.DataFrame, pd.Series[Any], pd.Series[Any] | None]:
    """The columns that may describe segments, the answers, and the groups.

    Raises
    ------
    DataError
        If the table cannot be read or lacks a column.
    """
    columns, frame = config.columns, config.source.read()
    special = [columns.label, *columns.drop, *([columns.group] if columns.group else [])]
    for name in special:
        _require(name, frame)
    groups = frame[columns.group] if columns.group else None
    X = frame.drop(columns=special)
    for name in config.sweeps.columns if config.sweeps else ():
        _require(name, X)  # now, not after the search
    return X, frame[columns.label], groups


def _require(name: str, frame: pd.DataFrame) -> None:
    if name not in frame.columns:
        raise DataError(f"the table has no column {name!r}: {did_you_mean(name, frame.columns)}")


def write_sweeps(config: Any, X: pd.DataFrame, y: Any, base: float, folder: Path) -> None:
    """``sweeps.csv`` and a figure per swept setting; `base` is the rate of everyone."""
    from dbnchurn.segments.pictures import sweep_figure

    sweeps, tables = config.sweeps, []
    X = X[list(sweeps.columns)] if sweeps.columns else X
    miner = build(config.miner, SegmentMiner).set_params(mode=sweeps.mode)
    for parameter, axis in SWEPT.items():
        values = getattr(sweeps, parameter)
        if not values:
            continue
        with stage(f"sweep {parameter}"):
            points = sweep(
                X, y, miner=miner, parameter=parameter, values=values, repeats=sweeps.repeats
            )
        figure = sweep_figure(points, axis, miner.n_segments, base)
        figure.savefig(folder / f"sweep_{parameter}.png", dpi=130, metadata={"Software": None})
        tables.append(as_table(points).assign(parameter=parameter))
    if tables:
        pd.concat(tables).to_csv(folder / "sweeps.csv", index=False)


def summary(folder: Path) -> str:
    """What a run found, as text: the list, what it amounts to, and the means of the sweeps.

    Parameters
    ----------
    folder : Path
        What :func:`run` returned.
    """
    segments = load(folder)
    table = segments.table()
    rates = ["rate", "low", "high", "mined_rate", "reach", "cumulative_share", "cumulative_rate"]
    parts = [
        table[["words", "customers"]].join((100 * table[rates]).round(1)).to_string(index=False)
        if len(table)
        else "",
        "\n".join(headline(segments)),
        segments.chance.words(segments.outcome, segments.base["report"].value)
        if segments.chance
        else "",
        _sweep_means(folder / "sweeps.csv"),
        f"page: {folder / 'segments.html'}",
    ]
    return "\n\n".join(part for part in parts if part)


def _sweep_means(path: Path) -> str:
    if not path.exists():
        return ""
    by = pd.read_csv(path).groupby(["parameter", "setting", "shuffled"])
    means = 100 * by[["mined", "fresh", "customers"]].mean()
    return f"Best patterns together, in percent:\n{means.round(1).to_string()}"
