"""One row per customer and cutoff, whatever the other tables hold."""

from datetime import date

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.join_report import report_joins
from dbnchurn.data.joins import FEATURES_PER_QUERY, RESULT, hide_from, integrate
from dbnchurn.data.plan import DataPlan, TablePlan
from dbnchurn.tables.duckdb import Session

CUTOFF = date(2024, 8, 1)
X = {"x": {"kind": "number"}}


@pytest.fixture
def session():
    with Session(n_threads=1) as session:
        session.run("CREATE TABLE people AS SELECT unnest([1, 2, 3])::BIGINT AS id, 2.0 AS x")
        session.run('CREATE TABLE calls (id BIGINT, "at" TIMESTAMP, x DOUBLE)')
        session.run(
            "INSERT INTO calls VALUES (1, '2024-07-31 23:59', 4), (1, '2024-05-01', 2), "
            "(1, '2024-08-01', 100), (2, '2024-06-01', 0), (9, '2024-06-01', 7)"
        )
        yield session


def plan(tables=None, **changes):
    own = {
        "people": {"path": "p.csv", "key": "id", "columns": X},
        "calls": {"path": "c.csv", "key": "id", "date": "at", "columns": X},
        **(tables or {}),
    }
    given = {
        "base": "people",
        "windows": {"cutoffs": [CUTOFF], "observation": "3 months"},
        "features": {
            "people": {"values": "all"},
            "calls": {"window": {"sum": ["x"], "mean": ["x"], "count": ["*"]}},
        },
        **changes,
    }
    return DataPlan(tables=own, **given)


def table(session, plan, cutoffs=(CUTOFF,), labelled=False):
    features = integrate(session, plan, list(cutoffs), labelled=labelled)
    columns = list(session.columns(RESULT))
    rows = session.rows(f"FROM {RESULT} ORDER BY cutoff, id")
    return [f.name for f in features], [dict(zip(columns, row, strict=True)) for row in rows]


def test_every_customer_has_one_row_with_the_features_before_the_cutoff(session):
    names, rows = table(session, plan())
    assert names == ["people_x", "calls_x_sum", "calls_x_mean", "calls_count"]
    assert [tuple(row.values()) for row in rows] == [
        (1, CUTOFF, 2.0, 6.0, 3.0, 2.0),
        (2, CUTOFF, 2.0, 0.0, 0.0, 1.0),
        (3, CUTOFF, 2.0, 0.0, None, 0.0),
    ]


def test_snapshots_of_many_cutoffs_are_each_that_of_one_alone(session):
    cutoffs = (date(2024, 6, 1), CUTOFF)
    windows = {"cutoffs": cutoffs, "observation": "3 months"}
    _, together = table(session, plan(windows=windows), cutoffs)
    alone = []
    for cutoff in cutoffs:
        session.run(f"DROP TABLE {RESULT}")
        alone += table(session, plan(), [cutoff])[1]
    assert together == alone


def test_ratios_of_zero_are_unknown(session):
    names, rows = table(session, plan(ratios={"r": ("calls_count", "calls_x_sum")}))
    assert names[-1] == "r"
    assert [row["r"] for row in rows] == [pytest.approx(1 / 3), None, None]


def test_more_features_than_one_query_holds_stay_together(session):
    months = 2 * FEATURES_PER_QUERY
    windows = {"cutoffs": [CUTOFF], "observation": f"{months} months"}
    features = {"calls": {"window": {"count": ["*"]}, "month": {"count": ["*"]}}}
    names, rows = table(session, plan(windows=windows, features=features))
    assert len(names) == months + 1
    for row in rows:
        assert sum(row[f"calls_count_m{k}"] for k in range(1, months + 1)) == row["calls_count"]


def test_a_label_of_departures_leaves_out_who_left_before(session):
    session.run("CREATE TABLE leavers AS SELECT 1::BIGINT AS id, TIMESTAMP '2024-08-31' AS \"at\"")
    session.run("INSERT INTO leavers VALUES (2, '2024-07-31')")
    chosen = plan(
        {"leavers": {"path": "l.csv", "key": "id", "date": "at"}},
        label={"table": "leavers", "kind": "events"},
    )
    _, rows = table(session, chosen, labelled=True)
    assert [(row["id"], row["label"]) for row in rows] == [(1, 1), (3, 0)]


def test_customers_of_a_dated_base_need_a_record_in_the_active_span(session):
    windows = {"cutoffs": [CUTOFF], "observation": "3 months", "active": "1 month"}
    features = {"calls": {"window": {"count": ["*"]}}}
    _, rows = table(session, plan(base="calls", windows=windows, features=features))
    assert [row["id"] for row in rows] == [1]
    session.run(f"DROP TABLE {RESULT}")
    _, rows = table(session, plan(base="calls", features=features))
    assert [row["id"] for row in rows] == [1, 2, 9]


def test_dated_customers_are_known_before_the_cutoff_and_their_label_is_no_feature(session):
    session.run("CREATE TABLE bought AS SELECT id, x, x AS y FROM people")
    session.run('ALTER TABLE bought ADD COLUMN "at" TIMESTAMP')
    session.run("UPDATE bought SET \"at\" = TIMESTAMP '2024-07-30' + to_days(id::INTEGER - 1)")
    dated = {"path": "b.csv", "key": "id", "date": "at", "grain": "customer", "columns": X}
    features = {"bought": {"values": "all"}}
    _, rows = table(session, plan({"bought": dated}, features=features))
    assert [row["bought_x"] for row in rows] == [2.0, 2.0, None]
    session.run(f"DROP TABLE {RESULT}")
    _, rows = table(session, plan({"bought": dated}, base="bought", features=features))
    assert [row["id"] for row in rows] == [1, 2]
    session.run(f"DROP TABLE {RESULT}")
    dated["columns"] = X | {"y": {"kind": "number"}}
    label = {"table": "bought", "kind": "column", "column": "y"}
    names, _ = table(session, plan({"bought": dated}, features=features, label=label))
    assert names == ["bought_x"]


def test_a_lookup_compares_codes_as_text(session):
    session.run("CREATE TABLE tariffs AS SELECT '2' AS code, 'cheap' AS name")
    tariffs = {
        "path": "t.csv", "key": "code", "grain": "lookup",
        "through": {"table": "people", "column": "x"},
        "columns": {"name": {"kind": "category"}},
    }  # fmt: skip
    features = {"tariffs": {"values": ["name"]}}
    chosen = plan({"tariffs": tariffs}, features=features)
    _, rows = table(session, chosen)
    assert [row["tariffs_name"] for row in rows] == ["cheap"] * 3
    join = report_joins(session, chosen)[-1]
    assert (join.table, join.matched, join.orphans) == ("tariffs", 1.0, 0)


def test_the_report_counts_matches_rows_per_key_and_orphans(session):
    people, calls = report_joins(session, plan())
    assert (people.rows, people.keys, people.matched, people.orphans) == (3, 3, 1.0, 0)
    assert (calls.table, calls.rows, calls.keys, calls.orphans) == ("calls", 5, 3, 1)
    assert (calls.matched, calls.mean_rows, calls.most_rows) == (2 / 3, 5 / 3, 3)
    session.run("DELETE FROM calls")
    _, empty = report_joins(session, plan())
    assert (empty.rows, empty.keys, empty.matched, empty.most_rows) == (0, 0, 0.0, 0)


def test_hidden_rows_are_those_from_the_date_on(session):
    calls = TablePlan(path="c.csv", key="id", date="at")
    hide_from(session, "calls", calls, CUTOFF)
    assert session.row("SELECT count(*), max(x) FROM calls") == (4, 7)
    session.run("CREATE VIEW months AS SELECT 1 AS id, TIMESTAMP '2024-07-01' AS \"at\"")
    months = TablePlan(path="m.csv", key="id", date="at", grain="month")
    hide_from(session, "months", months, date(2024, 7, 31))
    assert session.rows("FROM months") == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": {}}, "the plan names no features"),
        ({"ratios": {"r": ("calls_cuont", "people_x")}}, "did you mean 'calls_count'"),
        ({"ratios": {"people_x": ("calls_count", "people_x")}}, "of the same name: 'people_x'"),
    ],
)
def test_features_that_cannot_be_are_refused(session, changes, message):
    with pytest.raises(DataError, match=message):
        table(session, plan(**changes))


def test_keys_of_two_types_and_cutoffs_without_customers_are_refused(session):
    chosen = plan(base="calls")
    with pytest.raises(
        DataError, match="'calls' has no customers within 2023-10-01 and 2024-01-01"
    ):
        table(session, chosen, [date(2024, 1, 1)])
    session.run("DROP TABLE snapshot")
    session.run("ALTER TABLE calls ALTER id TYPE VARCHAR")
    message = "keys of mixed types: 'id' is a number in 'people' and 'id' is text in 'calls'"
    with pytest.raises(DataError, match=message):
        table(session, plan())
