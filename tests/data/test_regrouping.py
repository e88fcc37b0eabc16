"""What parts give each other has a name that says how it was made."""

import pytest

from dbnchurn.data.regrouping import Awaited, Regrouping, arrived_name
from dbnchurn.tables.counts import Counts
from dbnchurn.tables.duckdb import Session

PAIRS = "SELECT a, b FROM calls"


@pytest.fixture
def session():
    with Session(n_threads=1, counts=Counts()) as opened:
        opened.define("CREATE TABLE calls AS SELECT i AS a, i + 1 AS b FROM range(50) r(i)")
        yield opened


def test_one_part_gives_nothing_and_waits_for_nothing(session):
    alone = Regrouping()
    assert alone.arrived(session, PAIRS) is None
    alone.give(session, PAIRS, f"SELECT {alone.part_of('a', 'BIGINT')} AS part, * FROM ({PAIRS})")
    alone.wait()
    assert alone.given == {}


def test_a_part_gives_rows_and_waits_until_all_have(session):
    one = Regrouping(3)
    assert one.arrived(session, PAIRS) is None
    one.wait()
    one.give(session, PAIRS, f"SELECT {one.part_of('b', 'BIGINT')} AS part, * FROM ({PAIRS})")
    with pytest.raises(Awaited):
        one.wait()
    ((name, relation),) = one.given.items()
    counted = session.rows(f"SELECT part, count(*) FROM {relation} GROUP BY 1 ORDER BY 1")
    assert [part for part, _ in counted] == [0, 1, 2]
    assert sum(rows for _, rows in counted) == 50
    after = Regrouping(3, frozenset({name}))
    assert after.arrived(session, PAIRS) == arrived_name(name)
    after.wait()


def test_rows_of_tables_that_were_made_in_another_way_are_others(session):
    one = Regrouping(2)
    one.give(session, PAIRS, f"SELECT 0 AS part, * FROM ({PAIRS})")
    after = Regrouping(2, frozenset(one.given))
    assert after.arrived(session, PAIRS + " WHERE a > 3") is None
    session.define("CREATE OR REPLACE TABLE calls AS SELECT 1 AS a, 2 AS b")
    assert after.arrived(session, PAIRS) is None


def test_numbers_and_texts_of_one_customer_belong_to_one_part(session):
    parts = Regrouping(997)
    kinds = (("7", "BIGINT"), ("'7'", "VARCHAR"), ("'007'", "VARCHAR"))
    assert len({session.row(f"SELECT {parts.part_of(*key)}")[0] for key in kinds}) == 1
