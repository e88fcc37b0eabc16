"""Clean rows, and every other row counted with the reason why it is not among them."""

import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.contracts import REPEATS, enforce
from dbnchurn.data.open import raw_name
from dbnchurn.data.plan import TablePlan
from dbnchurn.tables.duckdb import Session

NAME = 'the "calls"'
RULES = {
    "x": {"kind": "number", "low": 0},
    "kind": {"kind": "category", "levels": ["in", "out"], "otherwise": "missing"},
}
DAY = pd.Timestamp("2024-07-01")


@pytest.fixture
def session():
    with Session(n_threads=1) as session:
        yield session


def table(**changes):
    return TablePlan(**{"path": "calls.parquet", "key": "id", "max_quarantine": 1, **changes})


def raw(session, columns, *rows):
    frame = pd.DataFrame(rows, columns=columns.split())
    session.connection.register("given", frame)
    session.run(f"CREATE OR REPLACE TABLE {raw_name(NAME)} AS FROM given")


def clean(session, order="ALL"):
    return session.rows(f"""SELECT * FROM "the ""calls\""" ORDER BY {order}""")


def test_every_row_is_kept_quarantined_or_a_copy(session, tmp_path):
    raw(
        session,
        "id at x kind",
        (1, DAY, 5.0, " IN"),
        (1, DAY, 5.0, "in"),
        (2, DAY, 0.0, "else"),
        (3, DAY, -1.0, "in"),
        (None, DAY, -1.0, "in"),
        (4, None, 1.0, "in"),
    )
    quarantine = tmp_path / "it's" / "calls.parquet"
    checked = enforce(session, NAME, table(date="at", columns=RULES), quarantine=quarantine)
    assert (checked.rows, checked.kept, checked.copies) == (6, 2, 1)
    assert checked.quarantined == {"no key id": 1, "x: below 0": 1, "at: missing": 1}
    assert checked.blanked == {"kind": 1}
    assert sorted(clean(session)) == [(1, 5.0, "in", DAY), (2, 0.0, None, DAY)]
    aside = pd.read_parquet(quarantine)
    assert list(aside.columns) == ["id", "at", "x", "kind", "reason"]
    assert sorted(zip(aside["reason"], aside["x"], strict=True)) == [
        ("at: missing", 1.0), ("no key id", -1.0), ("x: below 0", -1.0),
    ]  # fmt: skip


def test_only_needed_columns_are_kept_but_all_are_checked(session):
    raw(session, "id x kind", (1, 1.0, "in"), (2, -1.0, "in"))
    checked = enforce(session, NAME, table(columns=RULES), needed={"kind"})
    assert checked.quarantined == {"x: below 0": 1}
    assert clean(session) == [(1, "in")]


def test_events_that_differ_in_a_column_that_is_not_needed_are_no_copies(session):
    raw(session, "id at x kind", (1, DAY, 1.0, "in"), (1, DAY, 2.0, "in"), (1, DAY, 2.0, "in"))
    checked = enforce(session, NAME, table(date="at", columns=RULES), needed={"kind"})
    assert (checked.kept, checked.copies, checked.quarantined) == (2, 1, {})


def test_of_rows_with_one_key_the_fullest_is_kept(session, tmp_path):
    raw(
        session,
        "id x kind",
        (1, 1.0, "in"),
        (1, 1.0, None),
        (2, 3.0, "out"),
        (2, 3.0, "out"),
        (3, 4.0, None),
    )
    quarantine = tmp_path / "calls.parquet"
    checked = enforce(session, NAME, table(columns=RULES), quarantine=quarantine)
    assert (checked.rows, checked.kept, checked.copies) == (5, 3, 1)
    assert checked.quarantined == {REPEATS: 1}
    assert clean(session) == [(1, 1.0, "in"), (2, 3.0, "out"), (3, 4.0, None)]
    (loser,) = pd.read_parquet(tmp_path / "calls.repeats.parquet").to_dict("records")
    assert (loser["id"], loser["reason"]) == (1, REPEATS)
    assert pd.isna(loser["kind"])


def test_which_of_two_full_rows_is_kept_does_not_depend_on_their_order(session):
    rows = [(1, x, "in") for x in (1.0, 2.0, 3.0)]
    kept = []
    for order in (rows, rows[::-1]):
        with Session(n_threads=1) as session:
            raw(session, "id x kind", *order)
            enforce(session, NAME, table(columns=RULES))
            kept.append(clean(session))
    assert kept[0] == kept[1]


def test_a_month_is_its_first_day_and_repeats_are_of_key_and_month(session):
    raw(session, "id at x", (1, "2024-07-15", 1.0), (1, "2024-07-31", 1.0), (1, "2024-08", 2.0))
    rules = {"x": RULES["x"]}
    checked = enforce(session, NAME, table(date="at", grain="month", columns=rules))
    assert (checked.kept, checked.copies) == (2, 1)
    assert clean(session) == [(1, 1.0, DAY), (1, 2.0, pd.Timestamp("2024-08-01"))]


@pytest.mark.parametrize(
    ("keys", "kind", "kept", "why"),
    [
        (["7", " 8.0", "A"], "number", [7, 8], "the key id is not an integer"),
        (["007", " 8", "NA"], "text", ["007", "8"], "no key id"),
        ([7.0, 8.0, None], "number", [7, 8], "no key id"),
        ([7.0, 8.0, None], "text", ["7", "8"], "no key id"),
    ],
)
def test_keys_are_integers_or_text(session, keys, kind, kept, why):
    raw(session, "id", *((key,) for key in keys))
    checked = enforce(session, NAME, table(key_kind=kind))
    assert [key for (key,) in clean(session)] == kept
    assert checked.quarantined == {why: 1}


def test_the_allowed_share_of_broken_rows_may_be_reached_but_not_passed(session):
    rows = [(i, -1.0 if i < 2 else 1.0) for i in range(10)]
    raw(session, "id x", *rows)
    rules = {"x": RULES["x"]}
    assert enforce(session, NAME, table(columns=rules, max_quarantine=0.2)).kept == 8
    with Session(n_threads=1) as other:
        raw(other, "id x", *rows)
        message = r"2 of 10 rows break the contract: x: below 0 \(2\); .* share of 19.00%"
        with pytest.raises(DataError, match=message):
            enforce(other, NAME, table(columns=rules, max_quarantine=0.19))


def test_customers_with_several_differing_rows_are_refused(session):
    raw(session, "id x", (1, 1.0), (1, 2.0), (2, 1.0))
    with pytest.raises(DataError, match=r"1 customers have several rows that differ.*many-to-many"):
        enforce(session, NAME, table(max_quarantine=0.1))


def test_a_table_without_rows_is_refused(session):
    raw(session, "id x")
    with pytest.raises(DataError, match="has no rows"):
        enforce(session, NAME, table(key_kind="text"))
