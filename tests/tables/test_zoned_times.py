"""A day is refused where it depends on the place, and taken where it does not."""

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.zoned_times import refuse_zones


@pytest.mark.parametrize(
    "moment",
    [
        "TIMESTAMPTZ '2026-08-31 22:30:00+00'",
        "TIMESTAMPTZ '2026-08-31 00:00:00+02'",
        "'2026-08-31 22:30:00-05'",
        "'2026-08-31T00:00:00+02:00'",
        "'2026-08-31 22:30Z'",
    ],
)
def test_times_whose_day_depends_on_the_place_are_refused(moment):
    with Session(n_threads=1) as session:
        session.run(f"CREATE TABLE t AS SELECT {moment} AS day UNION ALL SELECT NULL")
        with pytest.raises(DataError, match="t: column 'day' holds times with a zone"):
            refuse_zones(session, "t", ["day"], "t")


@pytest.mark.parametrize(
    "moment",
    [
        "TIMESTAMPTZ '2026-08-31 00:00:00+00'",
        "TIMESTAMP '2026-08-31 22:30:00'",
        "DATE '2026-08-31'",
        "'2026-08-31'",
        "'2026-08-31 22:30:00'",
        "'2026-08-31T00:00:00Z'",
        "'yesterday'",
        "7",
    ],
)
def test_other_days_pass(moment):
    with Session(n_threads=1) as session:
        session.run(f"CREATE TABLE t AS SELECT {moment} AS day UNION ALL SELECT NULL")
        refuse_zones(session, "t", ["day"], "t")
