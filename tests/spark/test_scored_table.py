"""Scores of a table on Spark are those of a job on one machine, and replace a cutoff whole."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.cli import main
from dbnchurn.core.errors import ArtifactError, ConfigError, DataError
from dbnchurn.scoring.job import score_file
from dbnchurn.spark import score_table

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
JULY, AUGUST = date(2024, 7, 1), date(2024, 8, 1)


@pytest.fixture
def table(customers, tmp_path):
    """Customers of two cutoffs, one that is no customer and one who is there twice."""
    X = customers[0].head(120).astype({"plan": object})
    X = X.assign(customer=[f"k{i}" for i in range(120)], cutoff=[JULY] * 60 + [AUGUST] * 60)
    X.loc[X.index[3], "customer"] = "Total"
    X.loc[X.index[5], "customer"] = "k4"
    X.to_parquet(tmp_path / "features.parquet", index=False)
    return tmp_path / "features.parquet"


def rows_of(spark, output):
    rows = spark.read.parquet(str(output)).toPandas().sort_values(["id", "cutoff", "probability"])
    return rows.reset_index(drop=True)


def test_two_cutoffs_are_scored_as_by_a_job_and_one_is_replaced_whole(
    spark, table, shared_model, tmp_path
):
    output = tmp_path / "scores"
    scored = score_table(shared_model, str(table), str(output), spark, id="customer")
    job = score_file(shared_model, table, tmp_path / "here.parquet", id="customer")
    there = rows_of(spark, output)
    here = job.read().sort_values(["id", "probability"]).reset_index(drop=True)
    assert there["id"].tolist() == here["id"].tolist()
    np.testing.assert_allclose(there["probability"], here["probability"], rtol=0, atol=1e-12)
    assert (there["risk"] == here["risk"].astype(str)).all()
    assert scored.cutoffs == (JULY, AUGUST)
    told, local = scored.as_dict(), job.as_dict()
    for name in ("rows", "scored", "rejected", "at_or_above_threshold", "unusual", "repeated_ids"):
        assert told[name] == local[name], name
    assert (told["rejected"], told["repeated_ids"]) == (1, 1)
    assert told["drift"]["score"] == local["drift"]["score"]
    assert told["model"] == Predictor.load(shared_model).version
    (rejected,) = spark.read.parquet(str(output / "_rejected")).collect()
    assert (rejected["id"], rejected["cutoff"]) == ("Total", JULY)
    (summary,) = spark.read.text(str(output / "_summary")).collect()
    assert json.loads(summary[0]) == told
    fewer = pd.read_parquet(table).iloc[60:70]
    fewer.to_parquet(tmp_path / "again.parquet", index=False)
    again = score_table(
        shared_model, str(tmp_path / "again.parquet"), str(output), spark, id="customer"
    )
    assert again.cutoffs == (AUGUST,)
    assert rows_of(spark, output)["cutoff"].value_counts().to_dict() == {JULY: 59, AUGUST: 10}
    numbers = fewer.assign(customer=range(10))
    numbers.to_parquet(tmp_path / "numbers.parquet", index=False)
    with pytest.raises(ConfigError, match=r"cutoffs '2024-07-01' .* 'id' is string there"):
        score_table(
            shared_model, str(tmp_path / "numbers.parquet"), str(output), spark, id="customer"
        )


def test_a_job_that_fails_leaves_the_old_scores(spark, table, shared_model, tmp_path):
    output = tmp_path / "scores"
    how = {"id": "customer", "month": AUGUST}
    score_table(shared_model, str(table), str(output), spark, **how)
    before = rows_of(spark, output)
    spoiled = pd.read_parquet(table).astype({"tv": object})
    spoiled.loc[spoiled.index[60:80], ["debt", "age", "plan", "tv", "since"]] = None
    spoiled.to_parquet(tmp_path / "spoiled.parquet", index=False)
    with pytest.raises(DataError, match=r"20 of 60 rows cannot be scored, more than the 5\.00%"):
        score_table(shared_model, str(tmp_path / "spoiled.parquet"), str(output), spark, **how)
    emptied = pd.read_parquet(table).assign(debt=np.nan)
    emptied.to_parquet(tmp_path / "emptied.parquet", index=False)
    with pytest.raises(DataError, match="column 'debt' is missing in 60 of 60 rows"):
        score_table(shared_model, str(tmp_path / "emptied.parquet"), str(output), spark, **how)
    total = pd.read_parquet(table).iloc[[3, *range(60, 120)]]  # all that July has is a total
    total.to_parquet(tmp_path / "total.parquet", index=False)
    with pytest.raises(DataError, match="no row of cutoff 2024-07-01 can be scored"):
        score_table(
            shared_model, str(tmp_path / "total.parquet"), str(output), spark, id="customer"
        )
    pd.testing.assert_frame_equal(rows_of(spark, output), before)


def test_what_can_be_read_in_two_ways_is_asked(spark, table, shared_model, tmp_path):
    output = str(tmp_path / "scores")
    X = pd.read_parquet(table)
    X.drop(columns="cutoff").to_parquet(tmp_path / "no_cutoff.parquet", index=False)
    X.assign(cutoff="2024-08-01").to_parquet(tmp_path / "text.parquet", index=False)
    cases = [
        ("no_cutoff.parquet", {}, ConfigError, "has no column 'cutoff'.* --month DATE"),
        ("text.parquet", {}, DataError, "column 'cutoff' is string; make it a date"),
        ("features.parquet", {"month": date(2030, 1, 1)}, DataError, "no rows to score"),
        ("absent.parquet", {}, ConfigError, "no table to score"),
        ("customers.csv", {}, ConfigError, "save it as Parquet"),
        ("features.parquet", {"expect": "0" * 64}, ArtifactError, "digest"),
        ("features.parquet", {"max_rejected": 2}, ConfigError, "out of its range"),
        ("features.parquet", {"id": "custmer"}, ConfigError, "did you mean 'customer'"),
        ("features.parquet", {"allow_changed": ["dept"]}, ConfigError, "did you mean 'debt'"),
    ]
    for name, how, kind, words in cases:
        with pytest.raises(kind, match=words):
            score_table(
                shared_model, str(tmp_path / name), output, spark, **{"id": "customer", **how}
            )
    with pytest.raises(ConfigError, match="same file"):
        score_table(shared_model, str(table), str(table), spark, id="customer")
    assert not (tmp_path / "scores").exists()
    features = tmp_path / "by cutoff"
    spark.read.parquet(str(table)).write.partitionBy("cutoff").parquet(str(features))
    frame = spark.read.parquet(str(features))
    with pytest.raises(ConfigError, match="lies in it"):
        score_table(shared_model, frame, str(features), spark, id="customer")
    X.assign(debt=None, age=None, plan=None, tv=None, since=None).to_parquet(features / "empty")
    empty, how = str(features / "empty"), {"id": "customer", "max_rejected": 1.0}
    with pytest.raises(DataError, match=r"120 of 120 rows .* so there are no scores to write"):
        score_table(shared_model, empty, output, spark, **how)
    assert not (tmp_path / "scores").exists()


def test_the_command_line_scores_a_table_of_the_catalog(spark, table, shared_model, capsys):
    spark.read.parquet(str(table)).createOrReplaceTempView("to_be_scored")
    how = ["score", str(shared_model), "table:to_be_scored", "--engine", "spark"]
    how += ["--id", "customer", "--output", "table:scored_customers"]
    for month in ("2024-07-01", "2024-08-01", "2024-08-01"):
        with pytest.raises(SystemExit) as end:
            main([*how, "--month", month])
        assert not end.value.code
    assert "60 customers scored (cutoff 2024-08-01)" in capsys.readouterr().out
    assert spark.table("scored_customers").groupBy("cutoff").count().collect()
    assert spark.table("scored_customers").count() == 119
    assert spark.table("scored_customers_rejected").count() == 0


def test_ids_that_lost_their_zeros_are_refused_and_may_be_allowed(spark, table, fitted, tmp_path):
    spelled = {"ids": 200, "padded": 90, "shortest": 6, "longest": 6}
    model, output = tmp_path / "model", str(tmp_path / "scores")
    fitted.save(model, about={"id": "customer", "ids": spelled})
    frame = pd.read_parquet(table)
    ids = [f"{400 + k:06d}" if k % 5 < 3 else f"{400 + k}" for k in range(len(frame))]
    frame.assign(customer=ids).to_parquet(tmp_path / "some.parquet", index=False)
    some = str(tmp_path / "some.parquet")
    with pytest.raises(DataError, match=r"48 of 120 ids have fewer .*nothing was written"):
        score_table(model, some, output, spark)
    assert score_table(model, some, output, spark, allow_changed=["customer"]).scored == 120
