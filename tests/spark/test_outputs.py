"""An output is no source."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.spark.outputs import check_output


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
