"""Find segments as a config says: python scripts/segments.py configs/segments.yaml [a.b=c ...].

The folder ``<output>/<name of the config>`` then holds ``segments.csv``, ``.json``, ``.sql``,
``.md``, ``.html``, ``candidates.csv``, the resolved ``config.yaml`` and, where `sweeps` is given,
``sweeps.csv`` and one picture per swept parameter.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import Field, model_validator

from dbnchurn.config import Section, build, dump, model_from_signatures, read
from dbnchurn.data import read_table
from dbnchurn.errors import DataError, DbnchurnError, did_you_mean
from dbnchurn.segments import SegmentMiner
from dbnchurn.segments.sweep import as_table, sweep

MISTAKE = 2  # exit code


class SourceSection(Section):
    """The table: a file of yours, or a real one that comes inside a package."""

    path: Path | None = Field(default=None, description="CSV or Parquet file.")
    sample: Literal["bank_telemarketing"] | None = Field(
        default=None, description="A real table inside the empulse package."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.path is None) == (self.sample is None):
            raise ValueError("source needs exactly one of 'path' and 'sample'")
        return self


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


class ConfigBase(Section):
    """The config of one search."""

    source: SourceSection
    columns: ColumnsSection
    sweeps: SweepsSection | None = None
    seed: Annotated[int, Field(ge=0)] = Field(default=0, description="Seed of everything.")
    output: Path = Field(default=Path("runs"), description="Folder for the folder of results.")


Config: type[Any] = model_from_signatures(
    "SegmentsConfig", {"miner": SegmentMiner}, base=ConfigBase, omit=("random_state",)
)


def main(arguments: Sequence[str]) -> None:
    """Run, or end with one message and exit code 2."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        sys.exit(0 if arguments else MISTAKE)
    path, *overrides = arguments
    try:
        run(read(path, overrides, Config), Path(path).stem)
    except DbnchurnError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(MISTAKE)


def run(config: Any, name: str) -> Path:
    """Find segments, write them, and print what they amount to."""
    X, y, groups = load(config)
    miner = build(config.miner, SegmentMiner, random_state=config.seed).fit(X, y, groups=groups)
    folder = miner.segments_.save(config.output / name)
    miner.candidates_.to_csv(folder / "candidates.csv", index=False)
    (folder / "config.yaml").write_text(dump(config), encoding="utf-8")
    if config.sweeps:
        write_sweeps(config, miner, X, y, folder)
    show(miner, folder)
    return folder


def load(config: Any) -> tuple[pd.DataFrame, Any, Any]:
    """Columns, answers and groups."""
    columns = config.columns
    frame = read_sample() if config.source.sample else read_table(config.source.path)
    special = [columns.label, *columns.drop, *([columns.group] if columns.group else [])]
    for name in special:
        if name not in frame.columns:
            raise DataError(
                f"the table has no column {name!r}: {did_you_mean(name, frame.columns)}"
            )
    groups = frame[columns.group] if columns.group else None
    return frame.drop(columns=special), frame[columns.label], groups


def read_sample() -> pd.DataFrame:
    """The bank table with its label as the column ``subscribed``."""
    from empulse.datasets import load_upsell_bank_telemarketing

    data: Any = load_upsell_bank_telemarketing(backend="pandas")
    return pd.DataFrame(data.data).assign(subscribed=pd.Series(data.target).to_numpy())


def write_sweeps(config: Any, miner: SegmentMiner, X: pd.DataFrame, y: Any, folder: Path) -> None:
    """``sweeps.csv`` and the figures; prints the means."""
    from dbnchurn.segments.pictures import sweep_figure

    sweeps, tables = config.sweeps, []
    X = X[list(sweeps.columns)] if sweeps.columns else X
    swept = build(config.miner, SegmentMiner).set_params(mode=sweeps.mode)
    base = miner.segments_.base["report"].value
    for parameter, axis in (("bins", "intervals per column"), ("min_count", "minimum count")):
        values = getattr(sweeps, parameter)
        if not values:
            continue
        points = sweep(
            X, y, miner=swept, parameter=parameter, values=values, repeats=sweeps.repeats
        )
        figure = sweep_figure(points, axis, swept.n_segments, base)
        figure.savefig(folder / f"sweep_{parameter}.png", dpi=130, metadata={"Software": None})
        tables.append(as_table(points).assign(parameter=parameter))
    if not tables:
        return
    table = pd.concat(tables)
    table.to_csv(folder / "sweeps.csv", index=False)
    means = table.groupby(["parameter", "setting", "shuffled"])[["mined", "fresh", "customers"]]
    print(f"mode {sweeps.mode}: rate of the best {swept.n_segments} patterns together, in percent")
    print((100 * means.mean()).round(1).to_string(), "\n")


def show(miner: SegmentMiner, folder: Path) -> None:
    """What the page says first, and the list."""
    from dbnchurn.segments.page import headline

    table = miner.table()
    rates = ["rate", "low", "high", "mined_rate", "reach", "cumulative_share", "cumulative_rate"]
    shown = table[["words", "customers"]].join((100 * table[rates]).round(1))
    if len(table):
        print(shown.to_string(index=False))
    print("\n".join(headline(miner.segments_)))
    if miner.segments_.chance:
        base = miner.segments_.base["report"].value
        print(miner.segments_.chance.words(miner.outcome, base))
    for name, why in miner.skipped_.items():
        print(f"left out {name!r}: {why}")
    print(f"page: {folder / 'segments.html'}")


if __name__ == "__main__":
    main(sys.argv[1:])
