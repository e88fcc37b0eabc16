"""Tables of the catalog are scored by name."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.spark import score


def test_the_name_of_a_table_needs_a_session(shared_model):
    with pytest.raises(ConfigError, match="give the session too"):
        score(shared_model, "crm.features")


def test_a_frame_of_pandas_is_refused_with_what_to_give(shared_model, customers):
    with pytest.raises(ConfigError, match=r"is no data frame of Spark: give spark\.createData"):
        score(shared_model, customers[0])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_table_is_scored_by_its_name(spark, shared_model, customers):
    from pyspark.sql import functions

    X = customers[0].head(50).assign(customer=[f"k{i}" for i in range(50)])
    frame = spark.createDataFrame(X.astype({"plan": object}))
    frame.createOrReplaceTempView("to_score")
    found = score(shared_model, "table:to_score", id="customer", spark=spark)
    assert found.count() == 50
    dated = frame.withColumn("cutoff", functions.lit("2024-08-01").cast("date"))
    first = score(shared_model, dated, id="customer").first()
    assert (first["id"][0], str(first["cutoff"])) == ("k", "2024-08-01")
    with pytest.raises(ConfigError, match=r"no table to score: .*absent"):
        score(shared_model, "absent", spark=spark)
