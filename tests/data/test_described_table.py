"""Rules and kinds that a plan does not give come from the source."""

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.contracts import enforce
from dbnchurn.data.described_table import described, kind_of
from dbnchurn.tables.duckdb import Session
from tests.data.test_contracts import DAY, NAME, clean, raw, table


@pytest.fixture
def session():
    with Session(n_threads=1) as session:
        yield session


def test_without_rules_kinds_come_from_the_types(session):
    raw(session, "id at x kind ok", (1, DAY, 1.0, "in", True))
    plan = described(session, NAME, table(date="at"))
    kinds = {column: rule.kind for column, rule in plan.columns.items()}
    assert kinds == {"at": "date", "x": "number", "kind": "category", "ok": "flag"}
    assert plan.key_kind == "number"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": "idd"}, "has no key column 'idd': did you mean 'id'"),
        ({"date": "att"}, "has no date column 'att': did you mean 'at'"),
        (
            {"columns": {"x": {"kind": "number"}, "y": {"kind": "number"}}},
            "lacks 'y', which its contract promises; it has 'id', 'at', 'x'",
        ),
    ],
)
def test_columns_that_are_not_there_are_refused(session, changes, message):
    raw(session, "id at x", (1, DAY, 1.0))
    with pytest.raises(DataError, match=message):
        described(session, NAME, table(**changes))


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("DATE", "date"), ("TIMESTAMP WITH TIME ZONE", "date"), ("BOOLEAN", "flag"),
        ("VARCHAR", "category"), ("ENUM('a')", "category"), ("UUID", "category"),
        ("DOUBLE", "number"), ("DECIMAL(9,2)", "number"), ("BIGINT", "number"),
    ],
)  # fmt: skip
def test_kinds_of_types(sql, kind):
    assert kind_of(sql) == kind


def test_the_date_of_a_table_without_rules_is_read_from_text(session):
    raw(session, "id at x", (1, "2024-07-01", 5.0), (2, "2024-07-02", 6.0))
    plan = described(session, NAME, table(date="at"))
    assert plan.columns["at"].kind == "date"
    assert enforce(session, NAME, plan).kept == 2
    assert DAY in clean(session, '"id"')[0]
