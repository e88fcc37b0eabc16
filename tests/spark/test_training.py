"""A run with tables of Spark is the run of one machine."""

import json

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import read_customers
from dbnchurn.runs.training import train as train_here
from dbnchurn.spark import train
from dbnchurn.spark.training import SparkEngine

QUICK = {
    "leaves": {"n_trees": 4, "folds": 2},
    "network": {"dbn": {"epochs": 1}, "finetune": {"epochs": 1}},
    "use_companion": False,
}
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_a_config_of_one_table_is_not_read_by_another_engine(tmp_path):
    one = {"source": {"path": "mine.csv"}, "columns": {"label": "churned"}}
    with pytest.raises(ConfigError, match="the config names one table"):
        read_customers(RunConfig.model_validate(one), tmp_path, SparkEngine(None))


@pytest.mark.long
def test_above_the_bound_the_model_says_what_its_boosters_learned_from(spark, plan, tmp_path):
    data = plan.model_dump(mode="json", exclude_unset=True)
    data["windows"]["cutoffs"] = ["2024-08-01"]
    data["most_rows"] = 30
    settings = {"data": data, "output": str(tmp_path), "baselines": [], "classifier": QUICK}
    settings["leakage"] = {"auc": 1.0}  # of so few rows a column alone may decide by chance
    config = RunConfig.model_validate(settings)
    run = train(config, spark, "drawn", parts=3, workers=2)
    draw = json.loads((run / "model" / "manifest.json").read_text())["about"]["draw"]
    assert draw["rows"] <= 30 < draw["table_rows"] == draw["booster_rows"] == 40
    assert draw["workers"] == 2
    assert "boosters fitted on 40 rows by 2 workers" in (run / "model" / "card.md").read_text()
    warnings = json.loads((run / "training.json").read_text())["warnings"]
    assert "boosters alone learn from the rows of the other customers" in warnings[0]


@pytest.mark.long
def test_the_model_has_the_files_of_a_run_on_one_machine(spark, plan, tmp_path):
    data = plan.model_dump(mode="json", exclude_unset=True)
    data["windows"]["cutoffs"] = ["2024-08-01"]
    config = RunConfig.model_validate(
        {"data": data, "output": str(tmp_path / "runs"), "baselines": [], "classifier": QUICK}
    )
    (tmp_path / "runs").mkdir()
    here, there = train_here(config, "here"), train(config, spark, "there", parts=3)
    for file in (here / "model").iterdir():
        assert file.read_bytes() == (there / "model" / file.name).read_bytes(), file.name
