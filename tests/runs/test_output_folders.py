"""A folder whose parent does not exist is refused by what writes one, or made if asked."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.experiments.experiment import run_experiment
from dbnchurn.experiments.tuning import tune
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.runs import read_config
from dbnchurn.runs.folder import check_new_file, open_output, read_json, write_new_file
from dbnchurn.runs.training import train
from dbnchurn.segments import SegmentList, save
from dbnchurn.segments.measurement import Rate

SENTENCE = "the folder .* does not exist.* make it, or let it be made .*mkdir=True"


@pytest.fixture
def far(tmp_path):
    return tmp_path / "mistyped" / "runs"


def test_a_classifier(fitted, far):
    with pytest.raises(ConfigError, match=SENTENCE):
        fitted.save(far / "model", mkdir=False)
    assert not far.parent.exists()
    fitted.save(far / "model")
    assert Predictor.load(far / "model").threshold == fitted.threshold_


def test_segments(far):
    empty = SegmentList((), {}, {part: Rate(1, 8) for part in ("mine", "select", "report")})
    with pytest.raises(ConfigError, match=SENTENCE):
        save(empty, far, mkdir=False)
    assert not far.parent.exists()
    assert (save(empty, far) / "segments.json").exists()


@pytest.mark.parametrize("start", [train, run_experiment, tune], ids=lambda start: start.__name__)
def test_runs_of_python(write_config, telco, far, start):
    pytest.importorskip("optuna")
    space = "tuning={trials: 1, space: {classifier.leaves.n_trees: {low: 5, high: 9}}}"
    more = [] if start is train else ["experiment={seeds: [0]}"] if start is not tune else [space]
    config = read_config(write_config(telco), [f"output={far}", *more])
    with pytest.raises(ConfigError, match=SENTENCE):
        start(config)
    assert not far.parent.exists()


def test_the_folder_of_runs_is_made_if_asked(far):
    open_output(far, mkdir=True)
    assert far.is_dir()


def test_a_new_file_is_new_and_outside_of_what_is_read(tmp_path):
    there = tmp_path / "there.json"
    there.write_text("{}")
    with pytest.raises(ConfigError, match="exists already"):
        check_new_file(there, {})
    (tmp_path / "month").mkdir()
    with pytest.raises(ConfigError, match="month"):
        check_new_file(tmp_path / "month" / "new.json", {"input": [tmp_path / "month"]}, mkdir=True)
    with pytest.raises(ConfigError, match="does not exist"):
        check_new_file(tmp_path / "no" / "new.json", {})
    check_new_file(None, {})
    check_new_file(tmp_path / "no" / "new.json", {}, mkdir=True)
    write_new_file(tmp_path / "no" / "new.json", {"a": 1})
    assert read_json(tmp_path / "no" / "new.json") == {"a": 1}
