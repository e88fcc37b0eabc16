"""A page about the data, before anything is trained: what is there, missing, drifting, telling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.statistics import population_stability_index
from dbnchurn.core.typing import Dates, Floats, Ints
from dbnchurn.data.build import Built
from dbnchurn.data.leakage import LOOKED_AT, column_auc
from dbnchurn.tables.contract import Customers

BARS = 20
TOP = 12  # levels that are shown

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%;margin:1rem 0}th,td{padding:.3rem .6rem;text-align:left;
border-bottom:1px solid #ddd;vertical-align:middle}td.n,th.n{text-align:right;font-variant-numeric:
tabular-nums}h1{margin-bottom:0}.soft{color:#666}.warn{color:#a33;font-weight:600}
.scroll{overflow-x:auto}svg{display:block}
"""


@dataclass(frozen=True, eq=False)
class ColumnQuality:
    """What the page says of one column.

    Parameters
    ----------
    name, kind : str
    missing : float
        Share of rows.
    distinct : int
    typical : str
        Quartiles of a number, most frequent level of a category.
    shares, churn : arrays of shape (bars,)
        Share of rows, and of churners among them, in every bar.
    labels : tuple of str
        What each bar holds.
    drift : float, optional
        Largest population stability index between the first snapshot and a later one; 0.25 and
        more is usually called a shift.
    auc : float
        Of the column alone.
    """

    name: str
    kind: str
    missing: float
    distinct: int
    typical: str
    shares: Floats
    churn: Floats
    labels: tuple[str, ...]
    drift: float | None
    auc: float


def describe(customers: Customers) -> list[ColumnQuality]:
    """Describe every feature; of large tables a sample of 200,000 rows.

    Examples
    --------
    >>> X = pd.DataFrame({"debt": [0.0, 5.0, None, 9.0], "plan": ["A", "B", "A", "A"]})
    >>> table = Customers(np.arange(4), X, np.array([0, 1, 0, 0]), None, pd.DataFrame())
    >>> [(c.name, c.kind, c.missing, c.distinct) for c in describe(table)]
    [('debt', 'number', 0.25, 3), ('plan', 'category', 0.0, 2)]
    """
    step = max(1, len(customers) // LOOKED_AT)
    X, y = customers.X.iloc[::step], customers.y[::step]
    dates = None if customers.dates is None else customers.dates[::step]
    return [_describe(X[name], y, dates) for name in X.columns]


def _describe(column: pd.Series[Any], y: Ints, dates: Dates | None) -> ColumnQuality:
    if pd.api.types.is_bool_dtype(column.dtype):
        column = column.astype("Float64")  # quantiles are not for booleans
    number = pd.api.types.is_numeric_dtype(column.dtype)
    date = pd.api.types.is_datetime64_any_dtype(column.dtype)
    present = column.dropna()
    if number or date:
        codes, labels = _binned(column)
        typical = " / ".join(_short(v) for v in _quartiles(present))
    else:
        codes, labels = _leveled(column)
        typical = str(present.mode().iloc[0]) if len(present) else "–"
    size = len(labels)
    rows = np.bincount(codes[codes >= 0], minlength=size)[:size]
    churners = np.bincount(codes[codes >= 0], y[codes >= 0], minlength=size)[:size]
    return ColumnQuality(
        name=str(column.name),
        kind="number" if number else "date" if date else "category",
        missing=float(column.isna().mean()),
        distinct=int(present.nunique()),
        typical=typical,
        shares=rows / max(len(column), 1),
        churn=np.divide(churners, rows, out=np.zeros(size), where=rows > 0),
        labels=labels,
        drift=None if dates is None else _drift(codes, dates, size),
        auc=column_auc(column, y),
    )


def _quartiles(present: pd.Series[Any]) -> list[Any]:
    return list(present.quantile([0.25, 0.5, 0.75])) if len(present) else []


def _short(value: Any) -> str:
    return str(value)[:10] if isinstance(value, pd.Timestamp) else f"{value:.4g}"


def _binned(column: pd.Series[Any]) -> tuple[Ints, tuple[str, ...]]:
    """Numbers in bars of equal width between the 1 % and the 99 % quantile; -1 where missing."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        days = column - pd.Timestamp(0, tz=getattr(column.dtype, "tz", None))
        column = days.dt.total_seconds() / 86400
    values = column.to_numpy(np.float64, na_value=np.nan)
    present = values[~np.isnan(values)]
    if not len(present):
        return np.full(len(values), -1), ("nothing",)
    low, high = np.quantile(present, [0.01, 0.99])
    few = np.unique(present) if len(np.unique(present[:10_000])) <= BARS else present
    if len(few) <= BARS:
        edges, labels = (few[1:] + few[:-1]) / 2, tuple(f"{v:.4g}" for v in few)
    else:
        edges = np.unique(np.linspace(low, high, BARS + 1))[1:-1]
        labels = tuple(f"from {v:.4g}" for v in (low, *edges))
    return np.where(np.isnan(values), -1, np.searchsorted(edges, values, "right")), labels


def _leveled(column: pd.Series[Any]) -> tuple[Ints, tuple[str, ...]]:
    """The most frequent levels, and all others as one."""
    counts = column.value_counts()
    top = [level for level in counts.index[:TOP] if counts[level]]
    codes = pd.Index(top).get_indexer(pd.Index(column.astype(object)))
    labels = [str(level) for level in top]
    if (counts > 0).sum() > TOP:
        codes = np.where((codes < 0) & column.notna().to_numpy(), len(top), codes)
        labels.append("others")
    return codes, tuple(labels or ["nothing"])


def _drift(codes: Ints, dates: Dates, size: int) -> float | None:
    days = np.unique(dates)
    if len(days) < 2:
        return None
    parts = [np.bincount(codes[dates == day] + 1, minlength=size + 1) for day in days]
    return max(population_stability_index(parts[0], part) for part in parts[1:])


def write_quality(
    path: str | Path, customers: Customers, built: Built | None = None, notes: Sequence[str] = ()
) -> None:
    """Write the page: one HTML file that needs nothing else.

    Parameters
    ----------
    path : path
    customers : Customers
        The finished table.
    built : Built, optional
        How it came about from several tables.
    notes : sequence of str
        Sentences for the top of the page.
    """
    columns = describe(customers)
    rate = customers.y.mean()
    parts = [
        "<h1>Data quality</h1>",
        f'<p class="soft">{len(customers):,} rows, {customers.X.shape[1]} features, '
        f"{rate:.2%} left.</p>",
        *(f'<p class="warn">{escape(note)}</p>' for note in notes),
        _snapshots(customers),
        "" if built is None else _contracts(built) + _joins(built),
        _table(columns, rate),
    ]
    Path(path).write_text(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Data quality</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>",
        encoding="utf-8",
    )


def _rows(head: Sequence[str], body: Sequence[Sequence[object]]) -> str:
    """A table; cells that are numbers stand right, ready HTML is a cell that starts with ``<``."""

    def cell(value: object) -> str:
        if isinstance(value, int | float):
            text = f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
            return f'<td class="n">{text}</td>'
        text = str(value)
        return f"<td>{text if text.startswith('<svg') else escape(text)}</td>"

    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in body)
    return f"<div class='scroll'><table><tr>{heads}</tr>{lines}</table></div>"


def _snapshots(customers: Customers) -> str:
    if customers.dates is None:
        return ""
    days, place = np.unique(customers.dates, return_inverse=True)
    body = [
        (str(day)[:10], int((place == i).sum()), f"{customers.y[place == i].mean():.2%}")
        for i, day in enumerate(days)
    ]
    return "<h2>Snapshots</h2>" + _rows(("cutoff", "customers", "left"), body)


def _contracts(built: Built) -> str:
    body = []
    for name, checked in built.tables.items():
        broken = "; ".join(f"{why} ({n:,})" for why, n in checked.quarantined.items()) or "none"
        blanked = "; ".join(f"{column} ({n:,})" for column, n in checked.blanked.items()) or "none"
        body.append((name, checked.rows, checked.kept, checked.copies, broken, blanked))
    head = ("table", "rows", "kept", "exact copies", "in quarantine", "values taken as missing")
    return "<h2>Contracts</h2>" + _rows(head, body)


def _joins(built: Built) -> str:
    body = []
    for join in built.joins:
        row = asdict(join)
        row["matched"] = f"{join.matched:.1%}"
        body.append(tuple(row.values()))
    head = ("table", "rows", "keys", "customers matched", "rows per key", "most", "orphan keys")
    return "<h2>Joins</h2>" + _rows(head, body)


def _table(columns: Sequence[ColumnQuality], rate: float) -> str:
    body = [
        (
            c.name,
            c.kind,
            f"{c.missing:.1%}",
            c.distinct,
            c.typical,
            _sketch(c, rate),
            "–" if c.drift is None else c.drift,
            c.auc,
        )
        for c in columns
    ]
    head = ("feature", "kind", "missing", "distinct", "quartiles or mode", "distribution and churn")
    return (
        "<h2>Features</h2><p class='soft'>Bars show how many rows hold a value, the darker the "
        "more of them left. Drift is the largest population stability index against the first "
        "snapshot. The AUC is that of the feature alone: 0.5 tells nothing.</p>"
        + _rows((*head, "drift", "AUC"), body)
    )


def _sketch(column: ColumnQuality, rate: float) -> str:
    """Bars of the shares, shaded by how many times the usual churn rate they have."""
    width, height = 160, 32
    step = width / max(len(column.shares), 1)
    top = max(column.shares.max(initial=0), 1e-9)
    bars = []
    for i, (share, churn, label) in enumerate(
        zip(column.shares, column.churn, column.labels, strict=True)
    ):
        tall = height * share / top
        dark = min(churn / max(3 * rate, 1e-9), 1.0)
        bars.append(
            f"<rect x='{i * step:.1f}' y='{height - tall:.1f}' width='{max(step - 1, 1):.1f}' "
            f"height='{tall:.1f}' fill='hsl(210 60% {75 - 50 * dark:.0f}%)'><title>"
            f"{escape(label)}: {share:.1%} of rows, {churn:.1%} left</title></rect>"
        )
    title = f"<title>{escape(column.name)}</title>"
    return f"<svg width='{width}' height='{height}' role='img'>{title}{''.join(bars)}</svg>"
