"""The mixed space learned from a table, and the columns that have no place in it."""

from __future__ import annotations

import numpy as np

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.typing import Bools, Floats
from dbnchurn.personas.space_record import Space, as_logarithms
from dbnchurn.tables.schema import Schema, Table

MOST_LEVELS = 12  # the commonest, which have a coordinate
LARGEST_FACTOR = 3.0  # by which a category that hardly varies is enlarged
SKEWED = 1.5  # skewness from which logarithms are taken
FEWEST_SEEN = 0.05  # share of known values that a column needs


def fit_space(schema: Schema, table: Table) -> tuple[Space, dict[str, str]]:
    """Learn the space of a table.

    Numbers are taken as signed logarithms where they are skewed, centred on the median, divided by
    the standard deviation and bent towards three of it. The levels of a category have together a
    variance of 1, or less where a factor of 3 would not be enough.

    Parameters
    ----------
    schema : Schema
        Of the table.
    table : Table of n rows

    Returns
    -------
    space : Space
    skipped : dict of column → reason

    Raises
    ------
    DataError
        If no column is left.
    """
    dates = {column.name for column in schema.used if column.kind == "date"}
    skipped = {c.name: c.note or "ignored" for c in schema.columns if c.kind == "ignore"}
    skipped |= dict.fromkeys(
        sorted(dates), "a date moves on every month; give a span, such as days since it"
    )
    numbers, log, center, scale = _numbers(table, dates, skipped)
    categories: list[int] = []
    levels: list[tuple[int, int, float]] = []
    for j, name in enumerate(table.code_names):
        codes = table.codes[:, j]
        known = codes[codes >= 0]
        shares = np.bincount(known, minlength=table.sizes[j]) / max(1, len(known))
        variance = 1 - float(np.square(shares).sum())
        if reason := _useless(len(known) / max(1, len(table)), variance):
            skipped[name] = reason
            continue
        factor = min(LARGEST_FACTOR, 1 / np.sqrt(variance))
        commonest = np.argsort(-shares, kind="stable")[:MOST_LEVELS]
        found = sorted(int(code) for code in commonest if shares[code] > 0)
        levels += [(len(categories), code, factor) for code in found]
        categories.append(j)
    if not numbers and not categories:
        raise DataError(f"no column can tell personas apart: {_reasons(skipped)}")
    return (
        Space(
            np.array(numbers, np.int64),
            log,
            center,
            scale,
            np.array(categories, np.int64),
            np.array([level[0] for level in levels], np.int64),
            np.array([level[1] for level in levels], np.int64),
            np.array([level[2] for level in levels], np.float64),
        ),
        skipped,
    )


def _numbers(
    table: Table, dates: set[str], skipped: dict[str, str]
) -> tuple[list[int], Bools, Floats, Floats]:
    """Columns of numbers that are used, and what is done to each."""
    used, logs, centers, scales = [], [], [], []
    for j, name in enumerate(table.number_names):
        if name in dates:
            continue
        known = table.numbers[:, j]
        known = known[~np.isnan(known)]
        deviation = float(known.std()) if len(known) else 0.0
        if reason := _useless(len(known) / max(1, len(table)), deviation):
            skipped[name] = reason
            continue
        skewness = float(np.mean(((known - known.mean()) / deviation) ** 3))
        log = abs(skewness) > SKEWED
        taken = as_logarithms(known[:, None], np.array([log]))[:, 0]
        spread = float(taken.std())
        used.append(j)
        logs.append(log)
        centers.append(float(np.median(taken)))
        scales.append(spread if spread > 0 else 1.0)
    return used, np.array(logs, bool), np.array(centers, float), np.array(scales, float)


def _useless(seen: float, spread: float) -> str:
    if seen < FEWEST_SEEN:
        return f"known in {100 * seen:.1f} % of the rows; {100 * FEWEST_SEEN:g} % are needed"
    return "" if spread > 1e-12 else "the same in all rows where it is known"


def _reasons(skipped: dict[str, str]) -> str:
    return listed([f"{name} ({reason})" for name, reason in skipped.items()])
