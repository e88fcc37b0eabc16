"""A Spark job gives the scores that the predictor gives here."""

import warnings

import numpy as np
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.exports import score_spark
from tests.java import has_java

pytest.importorskip("pyspark", reason="the extra spark is not installed")


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_java(), reason="Spark needs Java 17"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture
def frame(customers):
    X = customers[0].head(200).assign(customer=[f"k{i}" for i in range(200)], other=1.5)
    X.loc[3, "plan"] = "never seen"
    return X


def in_spark(spark, frame):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return spark.createDataFrame(frame.astype({"plan": object})).repartition(3)


def test_two_workers_give_the_local_scores(spark, frame, shared_model):
    local = Predictor.load(shared_model).score(frame, id="customer").set_index("id")
    found = score_spark(in_spark(spark, frame), shared_model, id="customer")
    assert found.columns == ["id", "probability", "decision", "risk", "model"]
    rows = found.toPandas().set_index("id").loc[local.index]
    np.testing.assert_allclose(rows["probability"], local["probability"], rtol=0, atol=1e-12)
    assert (rows["decision"] == local["decision"]).all()
    assert (rows["risk"] == local["risk"].astype(str)).all()
    assert (rows["model"] == local["model"]).all()


def test_a_missing_column_fails_with_the_predictors_sentence(spark, frame, shared_model):
    table = in_spark(spark, frame).drop("debt")
    with pytest.raises(Exception, match="the table lacks 1 of 5 columns: 'debt'"):
        score_spark(table, shared_model, id="customer").toPandas()


def test_rows_need_a_name_and_the_model_is_checked_first(spark, frame, shared_model, tmp_path):
    table = in_spark(spark, frame)
    with pytest.raises(ConfigError, match="none was named in training"):
        score_spark(table, shared_model)
    with pytest.raises(ConfigError, match="did you mean 'customer'"):
        score_spark(table, shared_model, id="custmer")
    with pytest.raises(ArtifactError, match="no such model folder"):
        score_spark(table, tmp_path / "nowhere", id="customer")


def test_ids_that_lost_their_zeros_stop_the_job(spark, frame, fitted, tmp_path):
    spelled = {"ids": 200, "padded": 90, "shortest": 6, "longest": 6}
    fitted.save(tmp_path / "model", about={"id": "customer", "ids": spelled})
    table = in_spark(spark, frame.assign(customer=[f"{k}" for k in range(400, 600)]))
    with pytest.raises(Exception, match=r"no id begins with a zero.*allow_changed=\['customer'\]"):
        score_spark(table, tmp_path / "model").toPandas()
    allowed = score_spark(table, tmp_path / "model", allow_changed=["customer"])
    assert allowed.count() == 200
    with pytest.raises(ConfigError, match="did you mean 'customer'"):
        score_spark(table, tmp_path / "model", allow_changed=["custmer"])
