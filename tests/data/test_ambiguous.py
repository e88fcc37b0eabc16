"""Keys and dates that could be read in two ways are refused; all others pass."""

import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.ambiguous import check_dates, key_kind
from dbnchurn.data.open import raw_name
from dbnchurn.data.plan import TablePlan
from dbnchurn.tables.duckdb import Session

NAME = "calls"


@pytest.fixture
def session():
    with Session(n_threads=1) as session:
        yield session


def raw(session, **columns):
    """Raw rows as a session has them; their SQL types."""
    session.connection.register("given", pd.DataFrame(columns))
    session.run(f"CREATE OR REPLACE TABLE {raw_name(NAME)} AS FROM given")
    return session.columns(raw_name(NAME))


def kind_of_keys(session, keys, path, **changes):
    kinds = raw(session, id=keys)
    return key_kind(session, NAME, TablePlan(path=str(path), key="id", **changes), kinds)


@pytest.fixture
def csv(tmp_path):
    (tmp_path / "calls.csv").write_text("id\n1\n")
    return tmp_path / "calls.csv"


@pytest.fixture
def parquet(tmp_path):
    pd.DataFrame({"id": ["1"]}).to_parquet(tmp_path / "calls.parquet")
    return tmp_path / "calls.parquet"


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        (["1", "22"], "number"),
        (["1.0", " 2 "], "number"),
        (["1", "NA", "", None], "number"),
        (["0", "10"], "number"),
        (["007", "8"], "text"),
        (["A1", "B2"], "text"),
        (["-", "?"], "text"),
        ([1, 2], "number"),
        ([1.5, 2.5], "number"),
    ],
)
def test_keys_of_a_csv_file_are_numbers_without_letters_and_leading_zeros(session, csv, keys, kind):
    assert kind_of_keys(session, keys, csv) == kind


def test_text_of_a_typed_source_stays_text(session, parquet):
    assert kind_of_keys(session, ["1", "2"], parquet) == "text"
    session.run("CREATE TYPE level AS ENUM ('1')")
    session.run(f"CREATE OR REPLACE TABLE {raw_name(NAME)} AS SELECT '1'::level AS id")
    table = TablePlan(path=str(parquet), key="id")
    assert key_kind(session, NAME, table, session.columns(raw_name(NAME))) == "text"


def test_mixed_keys_are_refused_unless_their_kind_is_named(session, csv):
    keys = ["1", "2", "A7"]
    message = "the key 'id' mixes types: 2 are numbers like '1', 1 are not, like 'A7'"
    with pytest.raises(DataError, match=message):
        kind_of_keys(session, keys, csv)
    for kind in ("text", "number"):
        assert kind_of_keys(session, keys, csv, key_kind=kind) == kind


def check(session, days, *, rule=None, **changes):
    rule = {"kind": "date"} if rule is None else rule
    table = TablePlan(path="calls.csv", key="id", date="at", columns={"at": rule}, **changes)
    check_dates(session, NAME, table, raw(session, at=days))


@pytest.mark.parametrize(
    "days",
    [
        ["2024-08-01", "2024-08-02 10:00", "2024-08-02T10:00:00.5", "2024-08"],
        ["2024-08-01", "NA", "", None],
        ["2024-08-01", "soon"],
        [None, "NA"],
        ["01.08.2024", "31.08.24"],
        pd.to_datetime(["2024-08-01"]),
    ],
)
def test_dates_of_one_way_pass(session, days):
    check(session, days)


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (["2024-08-01", "01.08.2024"], r"in two formats: 1 like '2024-08-01' and 1 like '01\.08"),
        (["2024-08", "01/08/2024"], "in two formats: 1 like '2024-08' and 1 like '01/08/2024'"),
        (["2024-08-01T10:00Z"], "offset, like '2024-08-01T10:00Z', while cutoffs have none"),
        (["2024-08-01 10:00+02"], "times with an offset.*timezone: Europe/Berlin"),
        (
            ["2024-08-01 10:00-0530", "2024-08-01 10:00", "2024-08-02"],
            r"mixes times with an offset, like '.*-0530' \(1 rows\), and without.*\(2 rows\)",
        ),
        (pd.to_datetime(["2024-08-01"], utc=True), "has times with an offset, while cutoffs"),
    ],
)
def test_dates_that_could_be_read_in_two_ways_are_refused(session, days, message):
    with pytest.raises(DataError, match=f"table 'calls': 'at' .*{message}"):
        check(session, days)


def test_a_named_format_or_zone_settles_it(session):
    formats = {"kind": "date", "format": ["%Y-%m-%d", "%d.%m.%Y"]}
    check(session, ["2024-08-01", "01.08.2024"], rule=formats)
    check(session, ["2024-08-01T10:00Z"], timezone="Europe/Berlin")
    check(session, pd.to_datetime(["2024-08-01"], utc=True), timezone="Europe/Berlin")
    found_out = {"kind": "date", "format": "%Y-%m-%d"}  # as a model holds it
    for rule in ({"kind": "date"}, found_out):
        mixed = ["2024-08-01T10:00Z", "2024-08-01T10:00"]
        with pytest.raises(DataError, match="mixes times"):
            check(session, mixed, rule=rule, timezone="Europe/Berlin")


def test_only_date_columns_are_checked(session):
    table = TablePlan(path="calls.csv", key="id", columns={"at": {"kind": "text"}})
    check_dates(session, NAME, table, raw(session, at=["2024-08-01", "01.08.2024"]))
