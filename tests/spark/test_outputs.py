"""An output is no source, and all its cutoffs have the same columns."""

from datetime import date

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.spark.outputs import check_output, publish

JULY, AUGUST = date(2024, 7, 1), date(2024, 8, 1)


@pytest.mark.parametrize(
    ("output", "paths", "tables", "words"),
    [
        ("table:crm.bills", [], ["spark_catalog.crm.bills"], "is a table that is read"),
        ("table:BILLS", [], ["crm.`bills`"], "is a table that is read"),
        ("s3://crm/bills/out", ["s3://crm/bills"], [], "lies in what is read"),
        ("s3://crm", ["s3://crm/bills"], [], "lies in it"),
        ("file:///data/bills", ["/data/bills"], [], "are the same file"),
    ],
)
def test_outputs_that_are_read_are_refused(output, paths, tables, words):
    with pytest.raises(ConfigError, match=words):
        check_output(output, paths, tables)


def test_others_are_taken():
    check_output(None, ["s3://crm/bills"], [])
    check_output("s3://crm/features", ["s3://crm/bills"], ["crm.bills"])
    check_output("table:crm.features", ["s3://crm/bills"], ["crm.bills"])


def test_other_cutoffs_keep_their_columns(spark, tmp_path):
    def rows(day, schema="id long, debt double", values=(1, 2.5)):
        return spark.createDataFrame([(*values, day)], f"{schema}, cutoff date").coalesce(1)

    def write(frame, *days, to=None):
        publish(spark, frame, to or str(tmp_path / "out"), days, {}, {})

    others = [
        (rows(AUGUST, "id long", (1,)), "'debt' is there alone"),
        (rows(AUGUST, "id long, age double"), "'age' is written alone, 'debt' is there alone"),
        (rows(AUGUST, "id long, debt string", (1, "a")), "'debt' is double there and written as s"),
    ]
    for output, what in ((str(tmp_path / "out"), "'2024-07-01'"), ("table:kept", "the table kept")):
        write(rows(JULY), JULY, to=output)
        for frame, words in others:
            with pytest.raises(ConfigError, match=words) as refused:
                write(frame, AUGUST, to=output)
            assert what in str(refused.value)
        write(rows(AUGUST), AUGUST, to=output)
    there = spark.read.parquet(str(tmp_path / "out"))
    assert {row["cutoff"] for row in there.collect()} == {JULY, AUGUST}
    both = rows(JULY, "id long", (1,)).union(rows(AUGUST, "id long", (2,)))
    write(both, JULY, AUGUST)  # all that is there is replaced
    assert spark.read.parquet(str(tmp_path / "out")).columns == ["id", "cutoff"]
