"""Ties and partners of one machine; quantiles are those of all people."""

import numpy as np
import pytest

from dbnchurn.data.plan import DataPlan
from dbnchurn.data.regrouping import Regrouping
from dbnchurn.data.ties import Ties, known_customers, quantile_of, usage_column
from dbnchurn.tables.duckdb import Session

PLAN = {
    "base": "basic",
    "windows": {"cutoffs": ["2024-08-01"], "observation": "3 months"},
    "label": {"table": "gone", "kind": "events"},
    "tables": {
        "basic": {"path": "a.parquet", "key": "id", "date": "month", "grain": "month"},
        "calls": {
            "path": "b.parquet", "key": "id", "date": "at", "columns": {"to": {"kind": "integer"}}
        },
        "gone": {"path": "c.parquet", "key": "id", "date": "on"},
    },
    "neighbours": {"calls": {"to": "to", "usage": {"basic": ["gb"]}}},
}  # fmt: skip


@pytest.fixture
def ties():
    plan = DataPlan.model_validate(PLAN)
    with Session(n_threads=1) as session:
        session.run(
            "CREATE TABLE calls AS SELECT * FROM (VALUES (1, 2, 2), (2, 1, 2), (1, 3, 3), "
            '(1, 3, 4), (4, 4, 2), (5, NULL, 2), (6, 1, 32)) t(id, "to", day), '
            "LATERAL (SELECT TIMESTAMP '2024-07-01' + INTERVAL (day - 1) DAY) d(\"at\")"
        )
        session.run(
            "CREATE TABLE basic AS SELECT * FROM (VALUES (1, 2.0), (1, 4.0), (2, 1.0), (9, 1.0)) "
            "t(id, gb), (SELECT TIMESTAMP '2024-06-01' AS month)"
        )
        session.run("CREATE TABLE gone AS SELECT 2 AS id, TIMESTAMP '2024-07-30' AS \"on\"")
        window = plan.windows.at(plan.windows.cutoffs[0])
        made = Ties(session, plan, "calls", window, Regrouping())
        made.make_ties()
        made.make_partners(known_customers(session, plan, window))
        yield made


def test_ties_are_in_both_orders_and_partners_are_known_by_what_was_before(ties):
    rows = ties.session.rows(f"SELECT a, b, w, calls, called FROM {ties.ties} ORDER BY 1, 2")
    assert rows == [
        (1, 2, 2, True, True),
        (1, 3, 2, True, False),
        (2, 1, 2, True, True),
        (3, 1, 2, False, True),
    ]
    usage = usage_column("basic", "gb")
    known = ties.session.rows(
        f'SELECT key, n, m, customer, days, "{usage}" / {2**20} FROM {ties.partners} ORDER BY 1'
    )
    assert known == [
        (1, 2, 1, True, None, 3.0),
        (2, 1, 1, True, 2, 1.0),
        (3, 1, 0, False, None, None),
    ]
    assert ties.hubs[1]


def test_the_tables_are_dropped(ties):
    before = len(ties.session.rows("SHOW TABLES"))
    ties.drop()
    assert before - len(ties.session.rows("SHOW TABLES")) == 5
    ties.drop()


@pytest.mark.parametrize("q", [0.01, 0.25, 0.5, 0.9, 0.99, 0.999])
def test_quantiles_of_counts_are_those_of_all_numbers(q):
    numbers = np.random.default_rng(0).geometric(0.2, 501)
    values, counts = np.unique(numbers, return_counts=True)
    found = quantile_of(values.tolist(), counts.tolist(), q)
    assert found == pytest.approx(float(np.quantile(numbers, q)), rel=1e-12)
    assert quantile_of([4], [1], q) == 4
