"""Frames of any make: the right score, or an error in our words; never another outcome.

What a cell means is told by a slow reader of single cells. Its score is that of a clean frame.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import zoneinfo
from collections.abc import Callable, Collection
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbnchurn import Predictor
from dbnchurn.core.errors import DataError, DbnchurnError
from dbnchurn.features import Leaves
from dbnchurn.tables.text_column import MISSING, PERHAPS_MISSING, truth_of

REFUSED, UNSURE = "refused", "unsure"
KINDS = {"debt": "number", "plan": "category", "zone": "category", "tv": "flag", "since": "date"}
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)

fuzz = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
EXAMPLES = [40, pytest.param(1000, marks=pytest.mark.long)]


@pytest.fixture(scope="module")
def predictor(small, draw_customers, tmp_path_factory) -> Predictor:
    X, y = draw_customers(500, 4)
    zone = np.random.default_rng(0).choice([1.0, 2.0, 2.5, np.nan], 500)
    X = X.drop(columns="age").assign(zone=zone)
    model = small(kinds={"zone": "category"}, leaves=Leaves(folds=2, n_trees=8, max_depth=3))
    folder = tmp_path_factory.mktemp("fuzz") / "model"
    model.fit(X, y).save(folder)
    found = Predictor.load(folder)
    assert {c.name: c.kind for c in found.schema.columns} == KINDS
    return found


def is_missing(value: Any, more: Collection[str] = ()) -> bool:
    if isinstance(value, str):
        return value.strip() in {*MISSING, *more}
    if value is None or value is pd.NaT or value is pd.NA:
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float | np.floating) and bool(value != value)


def as_number(value: Any) -> Any:
    """What a cell of a number or a flag means."""
    if is_missing(value, PERHAPS_MISSING):
        return math.nan
    if isinstance(value, str):
        word = value.strip()
        if word in ("True", "False"):
            return float(word == "True")
        if not NUMBER.fullmatch(word) or GROUPED.fullmatch(word):
            known = truth_of(word) is not None or word.lower() in ("true", "false")
            return REFUSED if word.isalpha() and word.isascii() and not known else UNSURE
        value = float(word)
    if isinstance(value, np.timedelta64 | dt.timedelta):  # in days, if the whole column is such
        return UNSURE
    if isinstance(value, bool | int | float | Decimal | np.bool_ | np.integer | np.floating):
        try:
            number = float(value)
        except OverflowError:
            return REFUSED
        return number if math.isfinite(number) else REFUSED
    return UNSURE if isinstance(value, Fraction) else REFUSED


def as_level(value: Any) -> Any:
    """What a cell of a category means."""
    if is_missing(value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def as_date(value: Any) -> Any:
    """What a cell of a date means: a moment without a time zone."""
    if is_missing(value, PERHAPS_MISSING):
        return pd.NaT
    if isinstance(value, np.datetime64):
        return pd.Timestamp(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    if isinstance(value, str) and not any(map(str.isdigit, value)):
        return REFUSED
    told = isinstance(value, str | int | float | Decimal | np.number | pd.Period)
    return UNSURE if told else REFUSED


def unless_odd(meaning: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Pandas may see a gap in a signalling NaN, or nothing; half a character may be refused."""

    def odd(value: Any) -> bool:
        if isinstance(value, str):
            return any("\ud800" <= character <= "\udfff" for character in value)
        return isinstance(value, Decimal) and value.is_snan()

    return lambda value: UNSURE if odd(value) else meaning(value)


MEANING = {
    "number": unless_odd(as_number),
    "flag": unless_odd(as_number),
    "category": unless_odd(as_level),
    "date": unless_odd(as_date),
}


KNOWN: list[list[Any]] = [
    ["basic", " family ", "1", "2.5", "0", "1e3", "-7.25", "True", "False", "", " "],
    ["nan", "NaN", "inf", "None", "NA", "1,5", "1_0", "0x10", "٣", "\0", "\ud800", "é", "yes"],
    ["2021-03-04", "2021-03-04T05:06:07Z", "2021-03-04 05:06:07+08:00", "04.03.2021", "2021"],
    [None, math.nan, pd.NA, pd.NaT, math.inf, -math.inf, 1e300, -1e300, 5e-324, -0.0, 10**400],
    [True, False, 0, 1, 2, 1.0, 2.5, np.float32(2.5), np.int8(1), np.uint64(2**63)],
    [np.bool_(True), np.float64(2), np.datetime64("2021-03-04"), np.datetime64("NaT")],
    [Decimal("2.5"), Decimal("NaN"), Decimal("1e999"), Fraction(5, 2), 1 + 2j, b"basic", b"1"],
    [pd.Timestamp("2021-03-04"), pd.Timestamp("2021-03-04", tz="Asia/Shanghai")],
    [dt.date(2021, 3, 4), dt.date(9999, 12, 31), dt.date(1, 1, 1), dt.time(1, 2)],
    [dt.timedelta(1), pd.Timedelta(1, "D"), np.timedelta64(1, "D"), pd.Period("2021-03", "M")],
    [pd.Interval(0, 1), [], [1], (1, 2), {}, {"a": 1}, {1}, np.array([1.0]), object(), int],
]


def cells() -> st.SearchStrategy[Any]:
    """Whatever may stand in a cell of an object column."""
    zones = st.sampled_from([None, dt.UTC, zoneinfo.ZoneInfo("Asia/Shanghai")])
    low, high = dt.datetime(1700, 1, 1), dt.datetime(2250, 1, 1)
    known = st.one_of([st.sampled_from(values) for values in KNOWN])
    return st.one_of(
        known,
        known,
        st.integers(),
        st.floats(),
        st.text(max_size=6),
        st.binary(max_size=4),
        st.decimals(),
        st.datetimes(low, high, timezones=zones),
        st.dates(),
    )


def homogeneous() -> st.SearchStrategy[list[Any]]:
    """Cells that pandas and Arrow have a type for."""
    of = [
        st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 3),
        st.floats(),
        st.floats(width=32),
        st.booleans(),
        st.sampled_from(["basic", "family", "1", "2.5", "2021-03-04", "True"]),
        st.decimals(-100, 100, places=2),
        st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2250, 1, 1)),
        st.datetimes(timezones=st.just(dt.UTC)),
        st.dates(),
        st.timedeltas(),
        st.binary(max_size=3),
        st.lists(st.integers(0, 3), max_size=2),
    ]
    return st.one_of([st.lists(st.none() | one, min_size=3, max_size=3) for one in of])


def right(kind: str, meanings: list[Any]) -> pd.Series:
    """A clean column of what the cells mean."""
    if kind == "category":
        return pd.Series(meanings, dtype=object)
    if kind == "date":
        return pd.Series(pd.to_datetime(pd.Series(meanings, dtype=object), utc=True))
    return pd.Series(meanings, dtype=np.float64)


def clean(rows: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "debt": np.linspace(1.0, 30.0, rows),
            "plan": pd.Series(["basic", "family", "sport"] * rows, dtype=object)[:rows],
            "zone": pd.Series(["1", "2", "2.5"] * rows, dtype=object)[:rows],
            "tv": ([True, False, True] * rows)[:rows],
            "since": pd.date_range("2020-05-01", periods=rows, freq="97D"),
        }
    )


def outcome(predictor: Predictor, frame: Any) -> np.ndarray | None:
    """Scores, or None for an error of ours; anything else fails the test."""
    try:
        scores = predictor.score(frame)["probability"].to_numpy()
    except DbnchurnError:
        return None
    assert np.isfinite(scores).all()
    assert ((scores >= 0) & (scores <= 1)).all()
    return scores


def check(predictor: Predictor, frame: pd.DataFrame, name: str, values: list[Any], exact: bool):
    """Hold the outcome for a frame with these cells in a column against what they mean."""
    found = outcome(predictor, frame)
    meanings = [MEANING[KINDS[name]](value) for value in values]
    unsure = any(m is UNSURE for m in meanings)
    refused = any(m is REFUSED for m in meanings)
    if found is None:
        assert refused or unsure or not exact, "refused what could be read"
        return
    assert not refused, "scored what could not be read"
    if not unsure:
        column = right(KINDS[name], meanings)
        expected = outcome(predictor, clean(len(frame)).assign(**{name: column}))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    for row in range(len(frame))[: 2 if exact else 1]:
        alone = outcome(predictor, frame.iloc[[row]])
        np.testing.assert_allclose(alone, found[row : row + 1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("name", KINDS)
def test_objects_mean_what_they_say(predictor, name, examples):
    """Columns of type object: every cell is read or refused by itself."""

    @settings(fuzz, max_examples=examples)
    @given(values=st.lists(cells(), min_size=1, max_size=4))
    def check_all(values):
        column = pd.Series(values, dtype=object, index=range(len(values)))
        check(predictor, clean(len(values)).assign(**{name: column}), name, values, exact=True)

    check_all()


FORMS = [
    pd.Series,
    lambda values: pd.Series(values).convert_dtypes(),
    lambda values: pd.Series(values, dtype="category"),
    lambda values: pd.Series(values, dtype="string"),
    lambda values: pd.Series(values, dtype=pd.ArrowDtype(pa.array(values).type)),
    lambda values: pd.Series(pd.arrays.SparseArray(pd.Series(values).to_numpy())),
]


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("name", KINDS)
def test_typed_columns_mean_what_they_say(predictor, name, examples):
    """The same cells under whatever type pandas gives them; some columns are refused whole."""

    @settings(fuzz, max_examples=examples)
    @given(values=homogeneous(), form=st.sampled_from(FORMS))
    def check_all(values, form):
        try:
            column = form(values)
            found = list(column.astype(object))  # what pandas made of the cells is what is given
        except Exception:
            return  # no such column can be made
        check(predictor, clean(3).assign(**{name: column}), name, found, exact=False)

    check_all()


@fuzz
@given(
    names=st.lists(
        st.sampled_from([*KINDS, "other", "", 0, 1.5, None, ("debt", 1), math.nan, dt.date.min]),
        max_size=8,
    ),
    rows=st.integers(0, 3),
)
def test_columns_of_any_name_and_number(predictor, names, rows):
    source = clean(rows)
    columns = [source[n] if n in KINDS else pd.Series([1.0] * rows) for n in names]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=range(rows))
    frame.columns = pd.Index(names, dtype=object)
    found = outcome(predictor, frame)
    texts = [str(name) for name in names]
    if len(set(texts)) == len(texts) and set(KINDS) <= set(texts):
        np.testing.assert_array_equal(found, outcome(predictor, source))
    else:
        assert found is None


@pytest.mark.parametrize(
    "index",
    [
        lambda n: pd.Index([7] * n),
        lambda n: pd.MultiIndex.from_arrays([range(n), ["a"] * n]),
        lambda n: pd.date_range("2020", periods=n),
        lambda n: pd.Index([None, math.nan, "x"][:n], dtype=object),
    ],
)
def test_rows_of_any_name(predictor, index):
    frame = clean(3)
    expected = outcome(predictor, frame)
    np.testing.assert_array_equal(outcome(predictor, frame.set_axis(index(3))), expected)


def test_columns_in_two_rows_are_refused(predictor):
    frame = clean(3)
    frame.columns = pd.MultiIndex.from_product([list(frame), ["value"]])
    with pytest.raises(DataError, match="lacks 5 of 5 columns"):
        predictor.score(frame)


@fuzz
@given(
    things=st.one_of(
        st.none(),
        st.integers(),
        st.text(),
        st.binary(),
        st.lists(st.integers()),
        st.dictionaries(st.sampled_from(list(KINDS)), st.lists(st.integers(), max_size=2)),
        st.lists(st.lists(st.integers(), max_size=3), max_size=3),
        st.builds(object),
        st.builds(lambda n: np.zeros((n, 5)), st.integers(0, 3)),
        st.builds(lambda n: np.zeros((n, 2), complex), st.integers(0, 3)),
        st.builds(lambda n: np.zeros((2,) * n), st.integers(0, 4)),
        st.builds(pd.Series, st.lists(st.floats())),
    )
)
def test_what_is_no_table_is_refused(predictor, things):
    assert outcome(predictor, things) is None


ARROW = [
    pa.array([1, 2, None], pa.int8()),
    pa.array([1, 2, 2**64 - 1], pa.uint64()),
    pa.array([1.5, None, math.nan], pa.float16()),
    pa.array([Decimal("1.5"), None, Decimal("2")], pa.decimal128(10, 2)),
    pa.array([True, None, False]),
    pa.array(["1", None, "2.5"], pa.large_string()),
    pa.array(["1", None, "2.5"]).dictionary_encode(),
    pa.array([b"1", None, b"2"]),
    pa.array([0, 1, None], pa.date32()),
    pa.array([0, 10**12, None], pa.timestamp("ms", "Asia/Shanghai")),
    pa.array([0, 2**62, None], pa.timestamp("s")),
    pa.array([0, 1, None], pa.duration("s")),
    pa.array([0, 1, None], pa.time32("s")),
    pa.array([[1], None, [2]]),
    pa.array([{"a": 1}, None, {"a": 2}]),
    pa.nulls(3),
]


@pytest.mark.parametrize("column", ARROW, ids=[str(column.type) for column in ARROW])
@pytest.mark.parametrize("name", KINDS)
def test_columns_of_arrow(predictor, name, column):
    table = pa.Table.from_pandas(clean(3), preserve_index=False)
    table = table.set_column(list(KINDS).index(name), name, column)
    found = outcome(predictor, table)
    try:
        meanings = [MEANING[KINDS[name]](value.as_py()) for value in column]
    except OverflowError:  # a moment that Python has no date for
        meanings = [UNSURE]
    if found is None or any(m is UNSURE for m in meanings):
        return
    assert not any(m is REFUSED for m in meanings)
    expected = outcome(predictor, clean(3).assign(**{name: right(KINDS[name], meanings)}))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


class BrokenStream:
    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return "no capsule"


class BrokenExchange:
    def __dataframe__(self, *_: object, **__: object) -> object:
        return None


@pytest.mark.parametrize("table", [BrokenStream(), BrokenExchange()])
def test_tables_that_break_their_protocol_are_refused(predictor, table):
    with pytest.raises(DataError, match="cannot be read as a table"):
        predictor.score(table)


@pytest.mark.parametrize("value", [dt.date(9999, 12, 31), "9999-12-31", dt.date(1, 1, 1)])
def test_contracts_without_end_are_dates(predictor, value):
    assert outcome(predictor, clean(1).assign(since=pd.Series([value], dtype=object))) is not None


@pytest.mark.parametrize("value", [-1, 5, 12345, "-1", "7"])
def test_numbers_are_no_years(predictor, value):
    with pytest.raises(DataError, match="is not a date such as 2026-08-31"):
        predictor.score(clean(1).assign(since=pd.Series([value], dtype=object)))
