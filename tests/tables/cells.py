"""Kinds of values × paths by which they reach the package: what comes out of each.

A cell is *right* if the values are those that were written, *asked* if the user is shown both
readings, *refused* if a sentence says what is wrong, and *wrong* otherwise.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from dbnchurn.core.errors import DataError
from dbnchurn.data.build import build
from dbnchurn.data.plan import DataPlan
from dbnchurn.runs.source import SourceSection
from dbnchurn.tables.arrow import frame_of, rules_of, text_formats
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.loading import load_table
from dbnchurn.tables.reading import as_frame, read
from dbnchurn.tables.schema import Schema
from dbnchurn.tables.streaming import open_files
from tests.tables.locales import MONTHS_FR

Outcome = Literal["right", "asked", "refused", "wrong"]
Values = list[Any]
ROWS = 30


@dataclass(frozen=True)
class Case:
    """One kind of value.

    Parameters
    ----------
    name : str
    kind : {"number", "date", "flag", "category"}
    truth : list of n float, str or None
        Numbers, days since 1970, 0 or 1, or levels.
    column : list of n str, or Series
        The texts, or typed values.
    others : mapping of column → list of n str
        Further columns of the table.
    told : bool, default False
        Whether the kind has to be said.
    expected : {"right", "asked", "refused"}, default "right"
        What every path may make of it.
    """

    name: str
    kind: str
    truth: Values
    column: Any
    others: Mapping[str, Values] = field(default_factory=dict)
    told: bool = False
    expected: Outcome = "right"

    @property
    def kinds(self) -> dict[str, str]:
        """The kind, if it is told."""
        return {"x": self.kind} if self.told else {}

    def frame(self) -> pd.DataFrame:
        """The table as a DataFrame."""
        return pd.DataFrame(
            {"key": [f"k{i}" for i in range(ROWS)], "x": self.column, **self.others}
        )

    def clean(self) -> pd.DataFrame:
        """The table with typed values, from which a model learned."""
        return pd.DataFrame({"x": self._typed(), "y": range(ROWS)})

    def _typed(self) -> pd.Series[Any]:
        if self.kind == "date":
            days = np.array([np.nan if v is None else v for v in self.truth])
            micro = np.where(np.isnan(days), 0, np.round(days * 86_400e6)).astype("M8[us]")
            return pd.Series(np.where(np.isnan(days), np.datetime64("NaT"), micro))
        if self.kind == "flag":
            return pd.Series([None if v is None else bool(v) for v in self.truth], dtype=object)
        return pd.Series(self.truth, dtype=object if self.kind == "category" else float)


def _numbers() -> Values:
    generator = np.random.default_rng(3)
    numbers = np.round(generator.normal(0, 1, ROWS) * 10.0 ** generator.integers(1, 6, ROWS), 2)
    return [float(number) for number in numbers]


NUMBERS = _numbers()
DAYS = [float(day) for day in np.random.default_rng(4).integers(10_000, 21_000, ROWS)]
FLAGS = [float(i % 3 == 0) for i in range(ROWS)]


def _us(value: float) -> str:
    return f"{value:,.2f}"


def _german(value: float) -> str:
    return _us(value).translate(str.maketrans(",.", ".,"))


def _day(value: float, form: str) -> str:
    return f"{datetime.date(1970, 1, 1) + datetime.timedelta(days=value):{form}}"


def _numeric_cases() -> list[Case]:
    def case(
        name: str, write: Callable[[float], str], values: Values = NUMBERS, **more: Any
    ) -> Case:
        return Case(name, "number", values, [write(value) for value in values], **more)

    positive = [abs(value) for value in NUMBERS]
    thousands = [1234.0 + 7 * i for i in range(ROWS)]
    gaps = [None if i % 7 == 0 else value for i, value in enumerate(NUMBERS)]
    cases = [
        case("plain", lambda v: f"{v:.2f}"),
        case("decimal comma", lambda v: f"{v:.2f}".replace(".", ",")),
        case("points between thousands", _german),
        case("commas between thousands", _us),
        case("apostrophes", lambda v: _us(v).replace(",", "’")),
        case("no-break spaces", lambda v: _german(v).replace(".", "\u00a0")),
        case("blanks", lambda v: _german(v).replace(".", " ")),
        case("euro behind", lambda v: f"{_german(v)} €"),
        case("dollar before", lambda v: f"${_us(v)}".replace("$-", "-$")),
        case("currency code", lambda v: f"{v:.2f} EUR"),
        case("percent", lambda v: f"{v:.1f} %", [round(v, 1) for v in NUMBERS]),
        case("typographic minus", lambda v: f"{v:.2f}".replace("-", "−")),
        case("unit", lambda v: f"{v:.2f} GB", positive),
        case("brackets", lambda v: f"({_us(-v)})" if v < 0 else _us(v)),
        case("minus behind", lambda v: f"{-v:.2f}-" if v < 0 else f"{v:.2f}"),
        case("a dash for no cents", lambda v: f"{v:,.0f}".replace(",", ".") + ",-", thousands),
        case("a long dash and a unit", lambda v: f"CHF {v:.0f}.—", thousands),
        case("exponent", lambda v: f"{v:.8e}"),
        case(
            "thousands only", lambda v: f"{v:,.0f}".replace(",", "."), thousands, expected="asked"
        ),
        case(
            "thousands, another column decides",
            lambda v: f"{v:,.0f}".replace(",", "."),
            thousands,
            others={"z": [_german(v) for v in NUMBERS]},
        ),
        case(
            "two units",
            lambda v: f"{v:.2f} {'GB' if v > 100 else 'MB'}",
            positive,
            expected="asked",
        ),
    ]
    for mark in ("-", "?", "n/a", "NULL", "NA", "None", ""):
        texts = [mark if value is None else f"{value:.2f}" for value in gaps]
        cases.append(Case(f"missing is {mark or 'nothing'!r}", "number", gaps, texts))
    years = [float(k) * 365.2425 + 30.436875 for k in range(ROWS)]
    cases.append(Case("ISO spans", "number", years, [f"P{k}Y1M" for k in range(ROWS)]))
    back = [k / 24 - 1 for k in range(1, ROWS - 6)] + [0.5] * 7
    before = [f"-1 days +{k:02d}:00:00" for k in range(1, ROWS - 6)] + ["12:00:00"] * 7
    cases.append(Case("spans before", "number", back, before))
    cases.append(Case("unknown", "number", gaps, [_unknown(value) for value in gaps]))
    spans = [round(abs(v) % 90_000) / 86_400 for v in NUMBERS]
    clock = [str(datetime.timedelta(seconds=round(s * 86_400))) for s in spans]
    cases.append(Case("span of time", "number", spans, [c.zfill(8) for c in clock]))
    return cases


def _unknown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"


def _date_cases() -> list[Case]:
    def case(name: str, form: str, values: Values = DAYS, **more: Any) -> Case:
        return Case(name, "date", values, [_day(value, form) for value in values], **more)

    months = [
        float(pd.Timestamp(2010 + i // 12, 1 + i % 12, 1).value // 86_400e9) for i in range(ROWS)
    ]
    doubtful = [
        float(pd.Timestamp(2020, 1 + i % 12, 1 + i % 11).value // 86_400e9) for i in range(ROWS)
    ]
    old = [value - 60_000 for value in DAYS]
    births = [value - 12_000 for value in DAYS]
    french = [_day(v, "%d @ %Y").replace("@", MONTHS_FR[int(_day(v, "%m")) - 1]) for v in DAYS]
    return [
        case("ISO", "%Y-%m-%d"),
        case("ISO with zone", "%Y-%m-%dT00:00:00Z"),
        case("German", "%d.%m.%Y"),
        case("German with time", "%d.%m.%Y 00:00"),
        case("British", "%d-%b-%Y"),
        case("American", "%m/%d/%Y"),
        case("year first", "%Y/%m/%d"),
        case("digits", "%Y%m%d"),
        case("two digits", "%d.%m.%y"),
        case("births in two digits", "%d.%m.%y", births, expected="asked"),
        case("ISO with an offset without colon", "%Y-%m-%dT00:00:00+0000"),
        case("German with an offset", "%d.%m.%Y 00:00:00 +0000"),
        case("ISO with a comma in the seconds", "%Y-%m-%dT00:00:00,000"),
        case("ISO with the name of the zone", "%Y-%m-%dT00:00:00+00:00[Europe/London]"),
        case("Oracle", "%d-%b-%y"),
        case("months", "%Y-%m", months),
        case("before 1901", "%Y-%m-%d", old),
        Case("French months", "date", DAYS, french),
        case("day or month first", "%d/%m/%Y", doubtful, expected="asked"),
        case(
            "day or month first, another column decides",
            "%d/%m/%Y",
            doubtful,
            others={"z": [_day(v, "%d/%m/%Y") for v in DAYS]},
        ),
    ]


def _other_cases() -> list[Case]:
    cases = [
        Case(f"flag {yes}/{no}", "flag", FLAGS, [yes if f else no for f in FLAGS], told=True)
        for yes, no in (
            ("t", "f"),
            ("Y", "N"),
            ("TRUE", "FALSE"),
            ("yes", "no"),
            ("1", "0"),
            ("ja", "nein"),
        )
    ]
    rates = ["0.1", "0.25", "2"] * 10
    written = ["0.10", "0.250", "2.0"] * 10
    cases.append(Case("numeric levels", "category", rates, written, told=True))
    cases.append(Case("codes", "category", ["007", "012", "7a"] * 10, ["007", "012", "7a"] * 10))
    levels = ["DSL", "None", "Fiber, fast"] * 10
    cases.append(Case("the level None", "category", levels, levels))
    gaps = ["basic", None, "family"] * 10
    cases.append(Case("a missing level", "category", gaps, ["basic", "?", " family "] * 10))
    return cases


TEXT_CASES = (*_numeric_cases(), *_date_cases(), *_other_cases())


def _typed_cases() -> list[Case]:
    days = [datetime.date(1970, 1, 1) + datetime.timedelta(days=d) for d in DAYS]
    stamps = pd.to_datetime(pd.Series(days))
    spans = pd.to_timedelta(pd.Series(DAYS), unit="D")
    levels = pd.Series(["3", "1", "2"] * 10)
    numbers = [float(v) for v in range(ROWS)]
    return [
        Case(
            "float32",
            "number",
            [float(np.float32(v)) for v in NUMBERS],
            pd.Series(NUMBERS, dtype=np.float32),
        ),
        Case("decimal", "number", NUMBERS, pd.Series([Decimal(f"{v:.2f}") for v in NUMBERS])),
        Case("nullable integer", "number", numbers, pd.Series(range(ROWS), dtype="Int64")),
        Case("date objects", "date", DAYS, pd.Series(days, dtype=object)),
        Case("timestamps", "date", DAYS, stamps),
        Case("timestamps with zone", "date", DAYS, stamps.dt.tz_localize("UTC")),
        Case("days as integers", "date", DAYS, stamps.dt.strftime("%Y%m%d").astype(int)),
        Case("spans", "number", DAYS, spans),
        Case("categories of digits", "category", list(levels), levels.astype("category")),
        Case("booleans", "flag", FLAGS, pd.Series([bool(f) for f in FLAGS])),
        Case(
            "levels as float32",
            "category",
            ["0.1", "0.25", "2"] * 10,
            pd.Series([0.1, 0.25, 2] * 10, dtype=np.float32),
            told=True,
        ),
        Case("lists", "ignore", [], pd.Series([[1, 2]] * ROWS), expected="refused"),
        Case("records", "ignore", [], pd.Series([{"a": 1}] * ROWS), expected="refused"),
    ]


TYPED_CASES = tuple(_typed_cases())


def values_of(schema: Schema, frame: pd.DataFrame) -> Values:
    """What a model gets of the column ``x``."""
    table, _ = read(schema, frame)
    if "x" in table.number_names:
        numbers = table.numbers[:, table.number_names.index("x")]
        return [None if np.isnan(number) else float(number) for number in numbers]
    if "x" not in table.code_names:
        raise DataError("column 'x' is set aside")
    place = table.code_names.index("x")
    levels = next(column.levels for column in schema.columns if column.name == "x")
    return [None if code < 0 else levels[code] for code in table.codes[:, place]]


def _trained(frame: pd.DataFrame, case: Case, formats: Mapping[str, str] | None = None) -> Values:
    frame = frame.drop(columns="key", errors="ignore").assign(y=range(ROWS))
    return values_of(infer(frame, case.kinds, formats), frame)


def _of_file(case: Case, ending: str) -> Values:
    with tempfile.TemporaryDirectory() as folder:
        path = _file(case, folder, ending)
        loaded = SourceSection(path=str(path)).load(id="key", kinds=case.kinds)
        return _trained(loaded.frame, case, _known(loaded.formats))


def _known(formats: Mapping[str, str]) -> dict[str, str]:
    return {name: form for name, form in formats.items() if name != "key"}


def _file(case: Case, folder: str, ending: str) -> Path:
    path = Path(folder, f"t{ending}")
    frame = case.frame()
    if ending == ".xlsx":
        frame.to_excel(path, index=False)
    elif ending == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep=";")
    return path


def _scored(case: Case, *, typed: bool) -> Values:
    with tempfile.TemporaryDirectory() as folder:
        path = _file(case, folder, ".csv")
        source = open_files(path)
        if typed:
            schema = infer(case.clean(), {"x": case.kind})
            schema = Schema(tuple(c for c in schema.columns if c.name == "x"))
        else:
            loaded = load_table(source, rules_of(Schema(())), ids=["key"])
            frame = loaded.frame.drop(columns="key")
            schema = infer(frame, case.kinds, _known(loaded.formats))
        formats = text_formats(source, schema)
        wanted = [column.name for column in schema.used]
        (chunk,) = source.chunks(wanted, 1000)
        return values_of(schema, frame_of(schema, chunk.rows, formats[str(path)]))


def _evaluated(case: Case) -> Values:
    with tempfile.TemporaryDirectory() as folder:
        source = open_files(_file(case, folder, ".csv"))
        schema = infer(case.clean(), {"x": case.kind})
        columns = next(iter(source.columns.values()))
        loaded = load_table(source, rules_of(schema, columns), ids=["key"])
        return values_of(schema, loaded.frame.assign(y=range(ROWS)))


def _built(case: Case) -> Values:
    """The column as a feature that is built from source tables in DuckDB."""
    kind = {"flag": "flag", "category": "category"}.get(case.kind, case.kind)
    with tempfile.TemporaryDirectory() as folder:
        path = _file(case, folder, ".csv")
        rules: dict[str, Any] = {"x": {"kind": kind}}
        rules |= {name: {"kind": kind} for name in case.others}
        if case.name == "numeric levels":
            rules["x"]["levels"] = sorted(set(case.truth))
        plan = DataPlan.model_validate(
            {
                "base": "t",
                "tables": {
                    "t": {"path": str(path), "key": "key", "columns": rules, "max_quarantine": 0}
                },
                "features": {"t": {"values": ["x"]}},
            }
        )
        built = build(plan, Path(folder, "built"), labelled=False)
        frame = pd.read_parquet(built.features).sort_values(
            "key", key=lambda k: k.str[1:].astype(int)
        )
    column = frame.filter(regex="x$").iloc[:, 0].reset_index(drop=True)
    if case.kind == "date" and not pd.api.types.is_datetime64_any_dtype(column):
        raise DataError("a date is no feature of this path")
    kinds = {"x": case.kind}
    one = pd.DataFrame({"x": column, "y": range(ROWS)})
    return values_of(infer(one, kinds), one)


TEXT_PATHS: dict[str, Callable[[Case], Values]] = {
    "csv": lambda case: _of_file(case, ".csv"),
    "csv.gz": lambda case: _of_file(case, ".csv.gz"),
    "xlsx": lambda case: _of_file(case, ".xlsx"),
    "parquet of text": lambda case: _of_file(case, ".parquet"),
    "pandas of text": lambda case: _trained(case.frame(), case),
    "Arrow of text": lambda case: _trained(as_frame(pa.Table.from_pandas(case.frame())), case),
    "polars of text": lambda case: _trained(
        as_frame(pl.DataFrame(case.frame().to_dict("list"))), case
    ),
    "score, trained on it": lambda case: _scored(case, typed=False),
    "score, trained typed": lambda case: _scored(case, typed=True),
    "evaluate": _evaluated,
    "data": _built,
}
TYPED_PATHS: dict[str, Callable[[Case], Values]] = {
    "parquet": lambda case: _of_file(case, ".parquet"),
    "pandas": lambda case: _trained(case.frame(), case),
    "Arrow": lambda case: _trained(as_frame(pa.Table.from_pandas(case.frame())), case),
    "polars": lambda case: _trained(
        as_frame(pl.from_arrow(pa.Table.from_pandas(case.frame()))), case
    ),
}


def outcome(case: Case, values: Callable[[Case], Values]) -> tuple[Outcome, str]:
    """What a path makes of a case, with the message or the first value that is wrong."""
    try:
        found = values(case)
    except DataError as error:
        message = str(error)
        asked = " say " in message and (" or " in message or "two ways" in message)
        return ("asked" if asked or "one unit" in message else "refused"), message
    wrong = first_difference(found, case.truth)
    return ("right", "") if wrong is None else ("wrong", wrong)


def first_difference(found: Sequence[Any], truth: Sequence[Any]) -> str | None:
    """The first value that is not what was written."""
    if len(found) != len(truth):
        return f"{len(found)} values in place of {len(truth)}"
    for value, expected in zip(found, truth, strict=True):
        if value is None or expected is None or isinstance(expected, str):
            same = value == expected
        else:
            same = not isinstance(value, str) and abs(value - expected) <= 1e-6 * max(
                1, abs(expected)
            )
        if not same:
            return f"{value!r} in place of {expected!r}"
    return None


CELLS = [
    *((case, path, TEXT_PATHS[path]) for case in TEXT_CASES for path in TEXT_PATHS),
    *((case, path, TYPED_PATHS[path]) for case in TYPED_CASES for path in TYPED_PATHS),
]

EXCEPTIONS: dict[tuple[str, str], Outcome] = {
    # What is not read cannot decide: the model has no second column.
    ("thousands, another column decides", "score, trained typed"): "asked",
    ("thousands, another column decides", "evaluate"): "asked",
    ("day or month first, another column decides", "score, trained typed"): "asked",
    ("day or month first, another column decides", "evaluate"): "asked",
    # Cutoffs have no zone: the plan has to name one.
    ("ISO with zone", "data"): "refused",
    ("ISO with an offset without colon", "data"): "refused",
    ("German with an offset", "data"): "refused",
    ("ISO with the name of the zone", "data"): "refused",
}
"""(case, path) → its outcome, where it is not that of the case."""


def expected(case: Case, path: str) -> Outcome:
    """What a path has to make of a case."""
    return EXCEPTIONS.get((case.name, path), case.expected)
