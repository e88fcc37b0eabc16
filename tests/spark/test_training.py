"""A run with tables of Spark is the run of one machine."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import read_customers
from dbnchurn.runs.training import train as train_here
from dbnchurn.spark import train
from dbnchurn.spark.training import built_on

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_a_config_of_one_table_is_not_read_by_another_engine(tmp_path):
    one = {"source": {"path": "mine.csv"}, "columns": {"label": "churned"}}
    with pytest.raises(ConfigError, match="the config names one table"):
        read_customers(RunConfig.model_validate(one), tmp_path, built_on(None))


@pytest.mark.long
def test_the_model_has_the_files_of_a_run_on_one_machine(spark, plan, tmp_path):
    quick = {
        "leaves": {"n_trees": 4, "folds": 2},
        "network": {"dbn": {"epochs": 1}, "finetune": {"epochs": 1}},
        "use_companion": False,
    }
    data = plan.model_dump(mode="json", exclude_unset=True)
    data["windows"]["cutoffs"] = ["2024-08-01"]
    config = RunConfig.model_validate(
        {"data": data, "output": str(tmp_path / "runs"), "baselines": [], "classifier": quick}
    )
    (tmp_path / "runs").mkdir()
    here, there = train_here(config, "here"), train(config, spark, "there", parts=3)
    for file in (here / "model").iterdir():
        assert file.read_bytes() == (there / "model" / file.name).read_bytes(), file.name
