"""One whole table from a CSV or Parquet file, and the sample tables of the empulse package.

For tables that are read in chunks see :mod:`dbnchurn.tables.streaming`.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed, wants_extra

CSV_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")
NUMERIC_SHARE = 0.9  # of the cells that hold something, for a column of numbers with mistakes


def read_table(path: str | Path, id: str | None = None) -> pd.DataFrame:
    r"""Read a CSV or Parquet file.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv`` or ``.txt`` (the delimiter is found out; ``.gz`` is unpacked) or
        ``.parquet``.
    id : str, optional
        Column that names the customers. In a CSV file its values are whole numbers if all are
        written as such; otherwise they stay as they are written: 007 is not 7.

    Returns
    -------
    DataFrame of shape (n, columns)

    Raises
    ------
    DataError
        If the file is missing, empty, of another kind, or cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "customers.csv")
    ...     _ = file.write_text("id;debt\n7;1.5\n")
    ...     read_table(file).shape
    (1, 2)
    """
    path = Path(path)
    name = path.name.lower()
    if not path.exists():
        raise DataError(f"{path}: no such file{nearby(path)}")
    if path.is_dir():
        raise DataError(f"{path} is a folder; give one CSV or Parquet file")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty; it needs a header and rows")
    if name.endswith(PARQUET_ENDINGS):
        frame = _read_parquet(path)
    elif name.endswith(CSV_ENDINGS):
        frame = _read_csv(path, id)
    else:
        raise DataError(
            f"{path}: unknown ending; a table is one of {listed(CSV_ENDINGS + PARQUET_ENDINGS)}"
        )
    if frame.empty:
        raise DataError(f"{path}: the table has {len(frame.columns)} columns but no rows")
    return frame


def nearby(path: Path) -> str:
    """End of a message about a missing file: a similar name, or the folder that was searched."""
    if path.parent.is_dir():
        endings = CSV_ENDINGS + PARQUET_ENDINGS
        tables = sorted(p.name for p in path.parent.iterdir() if p.name.lower().endswith(endings))
        if tables:
            return f", {did_you_mean(path.name, tables)}"
    return "" if path.is_absolute() else f" (looked in {Path.cwd()})"


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
        return frame
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file: {error}") from error


def _read_csv(path: Path, id: str | None) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            path,
            sep=delimiter(path),
            encoding="utf-8-sig",
            low_memory=False,
            dtype=None if id is None else {id: str},
        )
        return frame.apply(
            lambda column: (_id_values if column.name == id else _mostly_numbers)(column)
        )
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error}); save the file as UTF-8") from error
    except (
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
        OSError,
        EOFError,
        zlib.error,
    ) as error:
        raise DataError(f"{path}: not a readable CSV file: {error}") from error


def _id_values(column: pd.Series[Any]) -> pd.Series[Any]:
    """Whole numbers, if all are written as such."""
    if column.dropna().str.fullmatch(r"0|[1-9]\d{0,17}").all():
        return pd.to_numeric(column)
    return column


def _mostly_numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers of a column that pandas read as text because of a few words among them.

    Otherwise one cell, of a test row for example, would change the values of all other rows.
    """
    if pd.api.types.infer_dtype(column, skipna=True) != "string":
        return column
    parsed = pd.to_numeric(column, errors="coerce")
    if parsed.notna().sum() < NUMERIC_SHARE * column.notna().sum():
        return column
    return column.astype(object).where(parsed.isna(), parsed)


def delimiter(path: Path) -> str:
    """The delimiter of a CSV file: of comma, semicolon, tab and bar the commonest in its header."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig") as file:
        header = file.readline()
    return max(",;\t|", key=header.count)


SAMPLES = {  # sample table → its loader in the empulse package, the name for its label column
    "tv_subscriptions": ("load_churn_tv_subscriptions", "churn"),
    "bank_telemarketing": ("load_upsell_bank_telemarketing", "subscribed"),
}


def read_sample(name: str, costs: Collection[str] = ()) -> pd.DataFrame:
    """A sample table of real customers from the empulse package, with columns for id and label.

    Parameters
    ----------
    name : {"tv_subscriptions", "bank_telemarketing"}
        9,379 customers of a TV operator, 46 anonymous features, 4.79 % churn; column ``churn``.
        Or 37,931 customers whom a bank called, 12.6 % subscribed; column ``subscribed``.
    costs : collection of str, default ()
        Which of the costs of every customer to add as columns; the first table has ``tp_cost``,
        ``fp_cost``, ``tn_cost`` and ``fn_cost``. They depend on what a customer is worth, so they
        are no features.

    Returns
    -------
    DataFrame of shape (n, columns)

    Raises
    ------
    ConfigError
        If there is no such table, or the package is not installed.

    Examples
    --------
    >>> read_sample("tv_subscriptions").shape
    (9379, 48)
    """
    if name not in SAMPLES:
        raise ConfigError(f"unknown sample table {name!r}: {did_you_mean(name, SAMPLES)}")
    with wants_extra("train"):
        from empulse import datasets
    loader, label = SAMPLES[name]
    data: Any = getattr(datasets, loader)(backend="pandas")
    frame = pd.DataFrame(data.data)
    frame.insert(0, "customer", range(len(frame)))
    frame[label] = pd.Series(data.target).to_numpy()
    for cost in costs:
        if cost in data.instance_costs:
            frame[cost] = data.instance_costs[cost]
    return frame


def find_files(path: str, name: str) -> list[Path]:
    """The table files that a path, folder or pattern stands for, sorted by name.

    Parameters
    ----------
    path : str
        A file, a folder (with its subfolders), or a pattern with ``*``. Empty files are left out.
    name : str
        Name of the table, for messages.

    Returns
    -------
    list of Path
        All CSV or all Parquet.

    Raises
    ------
    DataError
        If there are none, or CSV and Parquet are mixed.
    """
    place = Path(path)
    where = f"table {name!r}: {path}"
    endings = CSV_ENDINGS + PARQUET_ENDINGS
    if place.is_dir():
        files = sorted(f for f in place.rglob("*") if f.name.lower().endswith(endings))
    elif "*" in path:
        anchor = Path(place.anchor) if place.is_absolute() else Path()
        files = sorted(anchor.glob(str(place.relative_to(place.anchor))))
    else:
        files = [place] if place.exists() else []
    files = [f for f in files if f.stat().st_size > 0]
    if not files:
        folder = "" if place.is_absolute() else f" (looked in {Path.cwd()})"
        raise DataError(f"{where}: no table there{folder}; it needs one of {listed(endings)}")
    kinds = {f.name.lower().endswith(PARQUET_ENDINGS) for f in files}
    if len(kinds) > 1:
        raise DataError(f"{where}: holds both CSV and Parquet files; keep one kind")
    if unknown := [f for f in files if not f.name.lower().endswith(endings)]:
        raise DataError(f"{unknown[0]}: unknown ending; a table is one of {listed(endings)}")
    return files
