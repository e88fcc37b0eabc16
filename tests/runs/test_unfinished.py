"""Interrupted runs: nothing of an earlier epoch is lost, and what comes out is the same."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError, ResourceError
from dbnchurn.runs import read_config, resume, train
from dbnchurn.runs.unfinished import Interrupted, lacking


def weights(folder: Path) -> str:
    return hashlib.sha256((folder / "model" / "model.safetensors").read_bytes()).hexdigest()


class PowerCut(BaseException):
    """Not an error: nothing in the way is to catch it."""


def cut_after(monkeypatch, saves: int, what: BaseException | None = None) -> None:
    """Stop everything once so many checkpoints are written."""
    from dbnchurn.core import checkpoints

    written = []
    save = checkpoints.save

    def then_stop(*arguments):
        save(*arguments)
        written.append(arguments[0])
        if len(written) == saves:
            raise what or PowerCut

    monkeypatch.setattr(checkpoints, "save", then_stop)


SETTINGS = (
    "baselines=[without leaves, xgboost]", "classifier.network.dbn.epochs=2", "report.page=false",
)  # fmt: skip


@pytest.fixture
def config(write_config, telco, small_run):
    return read_config(write_config(telco), [*small_run, *SETTINGS])


@pytest.fixture(scope="module")
def whole(tmp_path_factory, draw_telco, small_run) -> Path:
    """The run of `config`, undisturbed."""
    folder = tmp_path_factory.mktemp("whole")
    draw_telco().to_csv(folder / "telco.csv", index=False)
    (folder / "telco.yaml").write_text(
        f"source: {{path: {folder / 'telco.csv'}}}\noutput: {folder / 'runs'}\n"
        "columns: {id: customerID, label: Churn}\n"
    )
    return train(read_config(folder / "telco.yaml", [*small_run, *SETTINGS]), "whole")


LATER = [pytest.param(saves, marks=pytest.mark.long) for saves in (1, 2, 3, 7, 11)]


@pytest.mark.parametrize("saves", [4, 9, 14, *LATER])
def test_a_run_taken_up_is_the_run_without_the_break(config, whole, monkeypatch, tmp_path, saves):
    with monkeypatch.context() as patch:
        cut_after(patch, saves)
        with pytest.raises(PowerCut):
            train(config, "broken")
    unfinished = tmp_path / "runs" / "broken.unfinished"
    assert sorted(path.name for path in unfinished.iterdir()) == [
        "checkpoints",
        "config.yaml",
        "lock",
    ]
    folder = resume(unfinished)
    assert folder == tmp_path / "runs" / "broken"
    assert weights(folder) == weights(whole)
    scores, expected = (pd.read_parquet(f / "predictions.parquet") for f in (folder, whole))
    pd.testing.assert_frame_equal(scores, expected)
    assert not unfinished.exists()


def test_finished_pieces_are_not_made_again(config, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        cut_after(patch, 8)
        with pytest.raises(PowerCut):
            train(config, "broken")
    before = {
        path: path.stat().st_mtime_ns
        for path in (tmp_path / "runs" / "broken.unfinished").rglob("booster*.npz")
    }
    assert len(before) == 2
    monkeypatch.setattr("xgboost.train", lambda *_, **__: pytest.fail("fitted again"))
    resume(tmp_path / "runs" / "broken")


def test_ctrl_c_says_how_to_continue(config, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        cut_after(patch, 3, KeyboardInterrupt())
        with pytest.raises(Interrupted, match=r"kept; continue with: .*--resume .*b\.unfinished"):
            train(config, "b")
    assert resume(tmp_path / "runs" / "b").name == "b"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "memory does not suffice"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "memory does not suffice"),
        (OSError(28, "No space left on device"), "the disk is full .*No space left"),
    ],
)
def test_a_machine_too_small_is_one_clear_error(config, monkeypatch, tmp_path, error, message):
    with monkeypatch.context() as patch:
        cut_after(patch, 4, error)
        with pytest.raises(ResourceError, match=rf"{message}.*what was learned is kept.*--resume"):
            train(config, "b")
    kept = tmp_path / "runs" / "b.unfinished" / "checkpoints"
    assert any(path.is_file() for path in kept.rglob("*"))


def test_other_errors_stay_what_they_are():
    for error in (ValueError("disk"), OSError(2, "No such file"), RuntimeError("memory")):
        assert lacking(error) == ""


def test_a_mistake_before_anything_is_learned_leaves_no_folder(write_config, telco, small_run):
    config = read_config(write_config(telco.assign(Churn="Yes")), small_run)
    with pytest.raises(DataError):
        train(config, "b")
    assert list(Path(config.output).iterdir()) == []


def test_rows_that_changed_are_refused(config, monkeypatch, telco, tmp_path):
    with monkeypatch.context() as patch:
        cut_after(patch, 3)
        with pytest.raises(PowerCut):
            train(config, "b")
    telco.assign(tenure=telco["tenure"] + 1).to_csv(tmp_path / "telco.csv", index=False)
    with pytest.raises(ConfigError, match="are of other rows than this training"):
        resume(tmp_path / "runs" / "b")
    assert (tmp_path / "runs" / "b.unfinished").exists()


@pytest.mark.parametrize("given", ["groups", "sample_weight", "X_unlabelled"])
def test_other_customers_are_refused(small, customers, tmp_path, given):
    X, y = customers
    first, other = {
        "groups": (np.arange(600) // 2, np.arange(600) // 3),
        "sample_weight": (None, np.linspace(1, 2, 600)),
        "X_unlabelled": (X[:50], X[:60]),
    }[given]
    small().fit(X, y, checkpoints=tmp_path, **{given: first})
    with pytest.raises(ConfigError, match="are of other rows"):
        small().fit(X, y, checkpoints=tmp_path, **{given: other})


def test_other_parameters_are_refused(small, customers, tmp_path):
    small().fit(*customers, checkpoints=tmp_path)
    with pytest.raises(ConfigError, match="are of other parameters"):
        small(random_state=1).fit(*customers, checkpoints=tmp_path)
    with pytest.raises(ConfigError, match="need an integer random_state"):
        small(random_state=None).fit(*customers, checkpoints=tmp_path)


def test_what_cannot_be_resumed(own_run, tmp_path):
    with pytest.raises(ConfigError, match="is finished, so it cannot be resumed; none is unfin"):
        resume(own_run)
    with pytest.raises(ConfigError, match="c does not exist, so it cannot be resumed"):
        resume(tmp_path / "runs" / "c")


def test_a_run_stopped_at_its_very_end_is_complete(own_run):
    unfinished = own_run.with_name("telco.unfinished")
    unfinished.mkdir()
    (unfinished / "config.yaml").write_text("")
    assert resume(own_run) == own_run
    assert [path.name for path in own_run.parent.iterdir()] == ["telco"]


def test_two_processes_do_not_train_one_run(config, monkeypatch, tmp_path):
    from dbnchurn.runs.unfinished import Unfinished

    Path(config.output).mkdir()
    first, second = Unfinished.begin(config, "b"), Unfinished.begin(config, "b")
    assert (first.target.name, second.target.name) == ("b", "b-2")
    with first.underway(), pytest.raises(ConfigError, match="trained by another process"):
        resume(first.folder)
    assert not first.folder.exists()


def test_a_refit_is_taken_up_as_well(small, customers, monkeypatch, tmp_path):
    X, y = customers
    whole = small(refit=True).fit(X, y)
    with monkeypatch.context() as patch:
        cut_after(patch, 9)  # start, 2 boosters, 2 machines, 2 epochs, 2 of the companion
        with pytest.raises(PowerCut):
            small(refit=True).fit(X, y, checkpoints=tmp_path)
    again = small(refit=True).fit(X, y, checkpoints=tmp_path)
    np.testing.assert_array_equal(again.predict_proba(X), whole.predict_proba(X))
    assert (tmp_path / "refit").exists()


@pytest.mark.long
def test_a_run_killed_many_times_has_the_weights_of_one_undisturbed(root, tmp_path):
    """In its own process; tests/test_faults.py kills it at every write of a file."""
    kills = 20
    script = [sys.executable, root / "scripts" / "check_interruption.py"]
    script += ["--customers", str(250 * kills), "--kills", str(kills)]
    changes = (
        "classifier.leaves.n_trees=40",
        "classifier.linear.C=[0.05]",
        "classifier.extra_trees.n_trees=5",
        "classifier.network.dbn={layers: [16, 8], epochs: 3}",
        "classifier.network.finetune.epochs=8",
        "classifier.companion.finetune.epochs=6",
        "resamples=50",
        "report.page=false",
    )
    done = subprocess.run(
        [*script, "--folder", tmp_path, *changes],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["equal"]
    assert found["kills"] == kills
    assert len(set(found["epochs_at_kills"])) > kills // 4  # all along the way
