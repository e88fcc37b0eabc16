"""Estimate the cost of a job on Spark: see python scripts/spark_cost.py --help.

CONSTANTS is a file that python scripts/benchmark_spark.py --write FILE has measured. All
costs grow in proportion to rows, so an estimate far beyond the rows that were measured is a rough
one; how far is printed with it. Rows of other width than those of the benchmark cost in proportion
to it.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

ROWS_PER_PART = 1_000_000
HOUR, GB, MB = 3_600, 1e9, 1e6


@dataclass(frozen=True)
class Constants:
    """What was measured.

    Parameters
    ----------
    rows : int
        Of all tables, at the largest size.
    fixed_seconds, seconds_per_row : float
        Processor seconds of the build on Spark.
    shuffle_bytes_per_row : float
        Of the packed rows that go from worker to worker.
    frame_bytes_per_row : float
        Memory of a row of features on the driver.
    memory_mb, over_mb : float
        Limit of DuckDB in a task (``data.memory``), and what its process takes beyond it.
    booster_seconds_per_row : float or None
        Processor seconds of one fit of the boosters; None where it was not measured.
    machine, date : str
    """

    rows: int
    fixed_seconds: float
    seconds_per_row: float
    shuffle_bytes_per_row: float
    frame_bytes_per_row: float
    memory_mb: float
    over_mb: float
    booster_seconds_per_row: float | None
    machine: str
    date: str


@dataclass(frozen=True)
class Cost:
    """What a job is estimated to cost.

    Parameters
    ----------
    rows : float
        Of all source tables.
    build_hours : float
        Core-hours of the build.
    booster_hours : float or None
        Core-hours of the boosters on all rows; 0 where all rows come to the driver, None where
        their constant was not measured.
    shuffle_gb : float
    parts : int
        Of at most a million rows each.
    task_gb : float
        Memory of a task outside the JVM.
    driver_gb : float
        Memory of the table of features on the driver, at most ``data.most_rows`` rows.
    """

    rows: float
    build_hours: float
    booster_hours: float | None
    shuffle_gb: float
    parts: int
    task_gb: float
    driver_gb: float


def fixed_and_slope(rows: Sequence[float], seconds: Sequence[float]) -> tuple[float, float]:
    """Seconds of a job without rows, and of every row, by least squares; neither below zero.

    Parameters
    ----------
    rows, seconds : sequence of float
        Of every job.

    Returns
    -------
    fixed : float
        0 where all jobs have as many rows.
    per_row : float

    Examples
    --------
    >>> fixed_and_slope([100, 300], [3.0, 7.0])
    (1.0, 0.02)
    """
    n, mean, middle = len(rows), sum(rows) / len(rows), sum(seconds) / len(seconds)
    spread = sum((r - mean) ** 2 for r in rows)
    pairs = zip(rows, seconds, strict=True)
    slope = sum((r - mean) * (s - middle) for r, s in pairs) / spread if n > 1 and spread else 0.0
    fixed = middle - slope * mean
    if slope <= 0 or fixed < 0:  # the line through the origin
        squares = sum(r * r for r in rows)
        return 0.0, sum(r * s for r, s in zip(rows, seconds, strict=True)) / squares
    return fixed, slope


def cost_of(
    constants: Constants,
    *,
    customers: float,
    months: float,
    tables: Sequence[float],
    cutoffs: int = 1,
    fits: int = 2,
    most_rows: float = 20e6,
) -> Cost:
    """The cost of a job.

    Parameters
    ----------
    constants : Constants
    customers, months : float
    tables : sequence of float
        Rows that a customer has in each table in a month.
    cutoffs : int, default 1
        Rows of features that a customer has.
    fits : int, default 2
        Of the boosters: the model that is measured, and the one that is stored.
    most_rows : float, default 20e6
        As ``data.most_rows``.

    Returns
    -------
    Cost
    """
    rows, features = customers * months * sum(tables), customers * cutoffs
    seconds = constants.booster_seconds_per_row
    if features <= most_rows:
        boosters: float | None = 0.0
    else:
        boosters = None if seconds is None else fits * seconds * features / HOUR
    return Cost(
        rows=rows,
        build_hours=(constants.fixed_seconds + constants.seconds_per_row * rows) / HOUR,
        booster_hours=boosters,
        shuffle_gb=constants.shuffle_bytes_per_row * rows / GB,
        parts=max(1, math.ceil(rows / ROWS_PER_PART)),
        task_gb=(constants.memory_mb + max(0.0, constants.over_mb)) * MB / GB,
        driver_gb=min(features, most_rows) * constants.frame_bytes_per_row / GB,
    )


def read_constants(path: Path) -> Constants:
    """The constants of a file of the benchmark; ends the program where they are not all there."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["constants"]
        return Constants(**{field.name: told[field.name] for field in fields(Constants)})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SystemExit(
            f"{path}: no constants of the benchmark ({error!r}); measure them with "
            "python scripts/benchmark_spark.py --write FILE"
        ) from error


def report(cost: Cost, constants: Constants, cores: int) -> list[str]:
    """Lines for the terminal.

    Parameters
    ----------
    cost : Cost
    constants : Constants
    cores : int
        Of the cluster.

    Returns
    -------
    list of str
    """
    hours = cost.booster_hours
    together = cost.build_hours + (hours or 0.0)
    return [
        f"rows            {cost.rows:,.0f}, {cost.rows / constants.rows:,.1f} times those measured",
        f"tables          {cost.build_hours:,.2f} core-hours",
        "boosters        "
        + ("not measured (--seeds)" if hours is None else f"{hours:,.2f} core-hours"),
        f"shuffle         {cost.shuffle_gb:,.1f} GB",
        f"parts           {cost.parts:,}",
        f"memory          {cost.task_gb:,.1f} GB a core outside the JVM; table on the driver "
        f"{cost.driver_gb:,.1f} GB",
        f"with {cores} cores  {together / cores:,.2f} hours, if all are busy",
        f"measured on     {constants.rows:,} rows, {constants.machine}, {constants.date}",
    ]


def main() -> None:
    """Print the estimate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("constants", type=Path)
    parser.add_argument("--customers", type=float, required=True)
    parser.add_argument("--months", type=float, required=True)
    parser.add_argument(
        "--tables",
        type=float,
        nargs="+",
        required=True,
        help="Rows of each table, for a customer and month: 1 for a table of months.",
    )
    parser.add_argument("--cutoffs", type=int, default=1)
    parser.add_argument("--most-rows", type=float, default=20e6, help="As data.most_rows.")
    parser.add_argument("--cores", type=int, default=64)
    options = parser.parse_args()
    if min(options.customers, options.months, options.cutoffs, options.cores, *options.tables) <= 0:
        parser.error("customers, months, cutoffs, cores and rows of tables have to be above 0")
    constants = read_constants(options.constants)
    cost = cost_of(
        constants,
        customers=options.customers,
        months=options.months,
        tables=options.tables,
        cutoffs=options.cutoffs,
        most_rows=options.most_rows,
    )
    print("\n".join(report(cost, constants, options.cores)))


if __name__ == "__main__":
    main()
