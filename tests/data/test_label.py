"""Labels: the outcome window excludes its end, who left before it opens has departed."""

from datetime import date

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.label import departed_customers, outcome
from dbnchurn.data.plan import DataPlan
from dbnchurn.tables.duckdb import Session

CUTOFF = date(2024, 8, 1)
# The outcome window runs from 11 August to before 11 September.
WINDOWS = {"cutoffs": [CUTOFF], "gap": "10 days", "outcome": "1 month"}
DAYS = ["2024-08-10 23:59", "2024-08-11", "2024-09-10 23:59", "2024-09-11"]


@pytest.fixture
def session():
    with Session(n_threads=1) as session:
        yield session


def plan(**label):
    table = {"path": "w.csv", "key": "id", "date": None if label["kind"] == "column" else "at"}
    return DataPlan(
        tables={"people": {"path": "p.csv", "key": "id"}, "what": table},
        base="people",
        windows=WINDOWS,
        label={"table": "what", **label},
    )


def fill(session, rows, n=5):
    """Customers 1 to `n`, and rows (id, at, v)."""
    session.run(f"CREATE TABLE people AS SELECT range AS id FROM range(1, {n + 1})")
    session.run("CREATE TABLE snapshot AS SELECT id AS key FROM people")
    session.run('CREATE TABLE what (id BIGINT, "at" TIMESTAMP, v VARCHAR)')
    session.connection.executemany("INSERT INTO what VALUES (?, ?, ?)", rows)


def labels(session, plan):
    sql = outcome(session, plan, plan.windows.at(CUTOFF))
    return [y for (y,) in session.rows(f"SELECT {sql} FROM snapshot ORDER BY key")]


def test_events_count_from_the_opening_to_before_the_closing(session):
    fill(session, [(i, day, None) for i, day in enumerate(DAYS, 1)])
    assert labels(session, plan(kind="events")) == [0, 1, 1, 0, 0]


def test_only_events_with_a_value_of_leaving_count(session):
    words = ["Left", "moved", "LEFT", None]
    fill(session, [(i, DAYS[1], word) for i, word in enumerate(words, 1)])
    assert labels(session, plan(kind="events", column="v", left=["left"])) == [1, 0, 1, 0, 0]


def test_without_a_status_the_outcome_is_unknown(session):
    rows = [(1, DAYS[1], "ok"), (1, DAYS[2], "gone"), (2, DAYS[1], "ok"), (3, DAYS[3], "gone")]
    fill(session, rows, n=3)
    assert labels(session, plan(kind="status", column="v", left=["gone"])) == [1, 0, None]


def test_silence_is_no_row_or_none_with_a_positive_number(session):
    fill(session, [(1, DAYS[1], "3"), (2, DAYS[1], "0"), (3, DAYS[3], "3")], n=4)
    assert labels(session, plan(kind="inactivity")) == [0, 0, 1, 1]
    session.run("ALTER TABLE what ALTER v TYPE DOUBLE")
    assert labels(session, plan(kind="inactivity", column="v")) == [0, 1, 1, 1]


@pytest.mark.parametrize(
    ("left", "values", "expected"),
    [
        ((), ["Yes", "YES ", "no", " ", None], [1, 1, 0, None, None]),
        ((), ["Churned", "stayed", "stayed", None, "STAYED"], [1, 0, 0, None, 0]),
        ((1,), ["1", "1.0", "true", "0", "0.0"], [1, 1, 1, 0, 0]),
        ((True,), ["true", "TRUE", "1", "1.0", "false"], [1, 1, 1, 1, 0]),
        ((False,), ["false", "0", "0.0", "true", None], [1, 1, 1, 0, None]),
        (("It's over", 2), ["IT'S OVER", "2.0", "2", "it", "it"], [1, 1, 1, 0, 0]),
        ((0.5,), ["0.5", "5", "5", "5.0", "0.50"], [1, 0, 0, 0, 1]),
    ],
)
def test_values_of_leaving_in_their_spellings(session, left, values, expected):
    fill(session, [(i, DAYS[1], value) for i, value in enumerate(values, 1)])
    assert labels(session, plan(kind="column", column="v", left=left)) == expected


def test_three_classes_are_named_in_two_lists(session):
    fill(session, [(i, DAYS[1], v) for i, v in enumerate(["Churned", "Stayed", "Joined"], 1)], n=3)
    lists = {"left": ["churned"], "stayed": ["stayed", "joined"]}
    assert labels(session, plan(kind="column", column="v", **lists)) == [1, 0, 0]
    for left in ((), ("churned",)):
        message = r"'v' holds 3 classes.*'Joined' \(1 row.*data.label.left: .* data.label.stayed"
        with pytest.raises(DataError, match=message):
            labels(session, plan(kind="column", column="v", left=left))


@pytest.mark.parametrize(
    ("kind", "values"), [("column", ["A", "B"]), ("events", ["moved", "upgrade"])]
)
def test_values_that_no_word_explains_are_asked(session, kind, values):
    fill(session, [(i, DAYS[1], value) for i, value in enumerate(values, 1)])
    with pytest.raises(DataError, match=rf"'{values[0]}' \(1 row, 50.0 %\).*data.label.left"):
        labels(session, plan(kind=kind, column="v"))


def test_events_whose_words_mean_leaving_need_no_list(session):
    fill(session, [(i, DAYS[1], v) for i, v in enumerate(["Churned", "upgrade", "cancelled"], 1)])
    assert labels(session, plan(kind="events", column="v")) == [1, 0, 1, 0, 0]


def test_who_left_before_the_outcome_window_opens_has_departed(session):
    fill(session, [(i, day, "gone") for i, day in enumerate(DAYS, 1)] + [(5, DAYS[0], "ok")])
    chosen = plan(kind="status", column="v", left=["gone"])
    query = departed_customers(session, chosen, chosen.windows.at(CUTOFF))
    assert session.rows(query) == [(1,)]


@pytest.mark.parametrize("label", [{"kind": "inactivity"}, {"kind": "column", "column": "v"}])
def test_without_dated_departures_nobody_is_known_to_have_departed(session, label):
    chosen = plan(**label)
    assert departed_customers(session, chosen, chosen.windows.at(CUTOFF)) is None


def test_an_outcome_window_without_rows_is_refused(session):
    fill(session, [(1, DAYS[0], "x"), (2, "2024-03-01", "x")])
    message = (
        "the outcome window of the cutoff 2024-08-01 is empty: table 'what' has no rows from "
        "2024-08-11 to before 2024-09-11, its last is of 2024-08-10"
    )
    with pytest.raises(DataError, match=message):
        labels(session, plan(kind="events"))


def test_labelled_strangers_are_refused_unless_they_may_be_dropped(session):
    fill(session, [(1, DAYS[1], "x"), (8, DAYS[1], "x"), (7, DAYS[1], "x")], n=2)
    message = "label table 'what' has 2 customers that 'people' does not know, the first is 7"
    with pytest.raises(DataError, match=message):
        labels(session, plan(kind="events"))
    assert labels(session, plan(kind="events", unknown="drop")) == [1, 0]


def test_a_plan_without_label_has_no_outcome(session):
    unlabelled = plan(kind="events").model_copy(update={"label": None})
    with pytest.raises(DataError, match="the plan has no 'label'"):
        labels(session, unlabelled)
    assert departed_customers(session, unlabelled, unlabelled.windows.at(CUTOFF)) is None
