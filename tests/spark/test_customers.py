"""Customers to score have a cutoff each."""

from datetime import date

import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.spark.customers import customers_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_the_month_is_that_of_all_rows_or_chooses_some(spark):
    plain = spark.range(0, 3)
    frame, source = customers_of(spark, plain, date(2024, 8, 1))
    assert source == "the data frame"
    assert {row["cutoff"] for row in frame.collect()} == {date(2024, 8, 1)}
    with pytest.raises(ConfigError, match="the data frame has no column 'cutoff'"):
        customers_of(spark, plain)
    two = frame.union(customers_of(spark, plain, date(2024, 7, 1))[0])
    assert customers_of(spark, two, date(2024, 7, 1))[0].count() == 3
    assert customers_of(spark, two)[0].count() == 6


def test_a_cutoff_of_another_spelling_is_not_replaced(spark):
    frame = spark.sql("SELECT 1 AS id, DATE '2024-07-01' AS Cutoff")
    for month in (None, date(2024, 8, 1)):
        with pytest.raises(DataError, match="rename column 'Cutoff' to 'cutoff'"):
            customers_of(spark, frame, month)
