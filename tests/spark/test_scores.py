"""Tables of the catalog are scored by name."""

import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.spark import score


def test_the_name_of_a_table_needs_a_session(shared_model):
    with pytest.raises(ConfigError, match="give the session too"):
        score(shared_model, "crm.features")


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
    with pytest.raises(DataError, match="columns of one name for Spark: 'DEBT', 'debt'"):
        score(
            shared_model, frame.withColumns({"d": functions.lit(1)}).toDF(*X, "DEBT"), id="customer"
        )
    for wrong, words in ((X, "is no data frame of Spark"), ("s3://crm/x", "is a path")):
        with pytest.raises(ConfigError, match=words):
            score(shared_model, wrong, id="customer", spark=spark)
    with pytest.raises(ConfigError, match=r"no table to score: .*absent"):
        score(shared_model, "absent", spark=spark)
