"""Tables written as people write them: the same values in twelve locales and several files."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

MONTHS_DE = ["Jan", "Feb", "März", "Apr", "Mai", "Juni", "Juli", "Aug", "Sep", "Okt", "Nov", "Dez"]
MONTHS_FR = [
    "janv.", "févr.", "mars", "avr.", "mai", "juin",
    "juil.", "août", "sept.", "oct.", "nov.", "déc.",
]  # fmt: skip


@dataclass(frozen=True)
class Locale:
    """How a table is written.

    Parameters
    ----------
    name : str
    decimal, grouping : str
    date : str
        In the letters of ``strftime``; ``%b`` is replaced by `months`.
    delimiter, encoding : str, default ";" and "utf-8"
    money : str, default "{}"
        How an amount is written, with its currency.
    missing : str, default ""
    true, false : str
    months : sequence of str, optional
    head : str, default ""
        A line above the header, such as ``sep=;``.
    """

    name: str
    decimal: str
    grouping: str
    date: str
    delimiter: str = ";"
    encoding: str = "utf-8"
    money: str = "{}"
    missing: str = ""
    true: str = "true"
    false: str = "false"
    months: tuple[str, ...] = ()
    head: str = ""

    def number(self, value: float, digits: int = 2) -> str:
        """A number with groups and decimals of this locale."""
        if pd.isna(value):
            return self.missing
        text = f"{value:,.{digits}f}"
        if self.name == "india":
            text = _indian(text)
        return text.replace(",", "\0").replace(".", self.decimal).replace("\0", self.grouping)

    def amount(self, value: float) -> str:
        """A number with the currency of this locale."""
        return self.missing if pd.isna(value) else self.money.format(self.number(value))

    def day(self, value: pd.Timestamp) -> str:
        """A date of this locale."""
        if pd.isna(value):
            return self.missing
        text = value.strftime(self.date.replace("%b", "@"))
        return text.replace("@", self.months[value.month - 1] if self.months else f"{value:%b}")


def _indian(text: str) -> str:
    whole, _, decimals = text.replace(",", "").partition(".")
    sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    head, tail = whole[:-3], whole[-3:]
    groups = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return sign + ",".join([*groups, tail]) + (f".{decimals}" if decimals else "")


LOCALES = (
    Locale("plain", ".", "", "%Y-%m-%d", ","),
    Locale("us", ".", ",", "%m/%d/%Y", ",", money="${}", missing="N/A"),
    Locale("uk", ".", ",", "%d-%b-%Y", "\t", money="£{}", true="TRUE", false="FALSE"),
    Locale("germany", ",", ".", "%d.%m.%Y", encoding="cp1252", money="{} €", missing="-"),
    Locale("austria", ",", ".", "%d. %b %Y", money="€ {}", months=tuple(MONTHS_DE), head="sep=;\n"),
    Locale("switzerland", ".", "'", "%d.%m.%y", money="CHF {}", missing="?"),
    Locale("france", ",", "\u202f", "%d/%m/%Y", encoding="utf-16", money="{}\u00a0€"),
    Locale("quebec", ",", " ", "%d %b %Y", money="{} $", months=tuple(MONTHS_FR), missing="NULL"),
    Locale("poland", ",", "\u00a0", "%d.%m.%Y %H:%M", money="{} zł", missing="n/a"),
    Locale("brazil", ",", ".", "%d/%m/%Y", "|", encoding="utf-8-sig", money="R$ {}"),
    Locale("india", ".", ",", "%d-%m-%Y", ",", money="₹{}", missing="NA"),
    Locale("japan", ".", ",", "%Y/%m/%d", "\t", money="¥{}", missing="--"),
)


def customers(n: int = 120, seed: int = 0) -> pd.DataFrame:
    """A clean table with every kind of column, some values missing.

    Parameters
    ----------
    n : int, default 120
    seed : int, default 0

    Returns
    -------
    DataFrame of n rows
    """
    generator = np.random.default_rng(seed)
    start = pd.Timestamp("2019-01-01")
    frame = pd.DataFrame(
        {
            "customer": [f"K{i:05d}" for i in range(n)],
            "tenure": generator.integers(0, 80, n).astype(float),
            "usage": np.round(generator.gamma(2, 1500, n), 2),
            "balance": np.round(generator.normal(0, 900, n), 2),
            "paid": np.round(generator.gamma(3, 40, n), 2),
            "since": start + pd.to_timedelta(generator.integers(0, 2000, n), unit="D"),
            "plan": generator.choice(["basic", "family, large", "Größe L", "None"], n),
            "tv": generator.random(n) < 0.4,
        }
    )
    for column in ("usage", "balance", "paid", "since", "plan"):
        frame.loc[generator.random(n) < 0.08, column] = None
    return frame


def written(frame: pd.DataFrame, locale: Locale) -> pd.DataFrame:
    """The texts of a table of :func:`customers` in a locale.

    Parameters
    ----------
    frame : DataFrame of n rows
    locale : Locale

    Returns
    -------
    DataFrame of n rows of str
    """
    gap = "" if locale.missing == "NA" else locale.missing  # which would be a level
    ways: dict[str, Callable[[Any], str]] = {
        "tenure": lambda value: locale.number(value, 0),
        "usage": locale.number,
        "balance": locale.number,
        "paid": locale.amount,
        "since": locale.day,
        "plan": lambda value: gap if pd.isna(value) else value,
        "tv": lambda value: gap if pd.isna(value) else (locale.true if value else locale.false),
    }
    texts = {name: frame[name].map(ways[name]) for name in frame if name in ways}
    return pd.DataFrame({"customer": frame["customer"], **texts})


def write(frame: pd.DataFrame, locale: Locale, path: Path) -> Path:
    """Write the texts of a table; ``.gz`` and ``.zip`` are packed, ``.xlsx`` holds text cells.

    Parameters
    ----------
    frame : DataFrame
        As :func:`written` gives it.
    locale : Locale
    path : Path

    Returns
    -------
    Path
        `path`.
    """
    if path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
        return path
    text = locale.head + frame.to_csv(index=False, sep=locale.delimiter)
    content = text.encode(locale.encoding)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("customers.csv", content)
    else:
        path.write_bytes(content)
    return path
