"""One run of an experiment: the run of its config, with a completion marker as the last file."""

from pathlib import Path

import pandas as pd
import pytest

from dbnchurn.experiments.fingerprints import completion_marker
from dbnchurn.experiments.worker import run_one
from dbnchurn.runs import read_config

FACTS = {"key": "abc", "variant": "base", "seed": 0, "fold": 1}


@pytest.fixture
def config(finished_run, tmp_path) -> str:
    """The config of the finished run as JSON, with another output."""
    overrides = [f"output={tmp_path / 'runs'}"]
    return read_config(finished_run / "config.yaml", overrides).model_dump_json()


def test_a_run_of_the_config_is_trained_and_marked(config, finished_run, tmp_path):
    killed = tmp_path / "runs" / "base.unfinished"
    killed.mkdir(parents=True)
    (killed / "config.yaml").write_text("of an experiment that was killed")
    folder = Path(run_one(config, "base", FACTS))
    assert folder == tmp_path / "runs" / "base"
    assert not killed.exists()
    marker = completion_marker(folder)
    assert {key: marker[key] for key in FACTS} == FACTS
    assert {"metrics.json", "predictions.parquet"} <= marker["files"].keys()
    pd.testing.assert_frame_equal(
        pd.read_parquet(folder / "predictions.parquet"),
        pd.read_parquet(finished_run / "predictions.parquet"),
    )


def test_a_name_taken_by_another_process_is_refused(config, tmp_path):
    taken = tmp_path / "runs" / "base"
    taken.mkdir(parents=True)
    with pytest.raises(RuntimeError, match="another process wrote base at the same time"):
        run_one(config, "base", FACTS)
    assert list(taken.iterdir()) == []
    assert completion_marker(tmp_path / "runs" / "base-2") is None
