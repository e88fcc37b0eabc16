"""Experiments: finished runs are kept, half-written ones never; a kill changes no table."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from dbnchurn.errors import ConfigError, DataError
from dbnchurn.experiment import read_config
from dbnchurn.experiment.identity import sealed
from dbnchurn.experiment.series import conduct, only_one

VARIED = """
report: {page: false}
experiment:
  variants:
    whole: {}
    bare: {classifier.use_leaves: false, classifier.use_companion: false}
  seeds: [0, 1]
"""


@pytest.fixture
def config_of(write_config, telco, small_run):
    def read(*overrides: str, more: str = VARIED):
        return read_config(write_config(telco, more=more), [*small_run, *overrides])

    return read


def stamps(folder: Path) -> dict[str, int]:
    return {run.name: (run / "seal.json").stat().st_mtime_ns for run in (folder / "runs").iterdir()}


def test_an_experiment_runs_all_and_runs_again_only_what_is_missing(config_of, capsys):
    folder = conduct(config_of(), "telco", jobs=2)
    first, table = stamps(folder), (folder / "comparison.csv").read_bytes()
    assert folder.name == "telco-experiment"
    assert len(first) == 4
    assert all(sealed(folder / "runs" / name) for name in first)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[-1].startswith("[4/4] ")

    # Again: nothing is trained, and the table is the same.
    conduct(config_of(), "telco", jobs=2)
    assert stamps(folder) == first
    assert (folder / "comparison.csv").read_bytes() == table
    assert capsys.readouterr().err.count("finished before") == 4

    # One run damaged, one with no seal, one gone: these three and no other are trained anew.
    kept, damaged, unsealed, gone = sorted(first)
    (folder / "runs" / damaged / "metrics.json").write_text("{}")
    (folder / "runs" / unsealed / "seal.json").unlink()
    for path in sorted((folder / "runs" / gone).rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (folder / "runs" / ".left.over").mkdir()
    conduct(config_of(), "telco", jobs=2)
    second = stamps(folder)
    assert {name for name in first if second[name] == first[name]} == {kept}
    assert set(second) == set(first)
    assert (folder / "comparison.csv").read_bytes() == table

    # Another seed: two more runs, the four are kept.
    conduct(config_of("experiment.seeds=[0, 1, 2]"), "telco", jobs=2)
    third = stamps(folder)
    assert {name: third[name] for name in second} == second
    assert len(third) == 6
    runs = pd.read_csv(folder / "runs.csv")
    assert runs["unit"].tolist() == [f"seed {s}, fold 1" for s in (0, 1, 2)] * 2
    assert runs["run"].is_unique


def test_other_data_are_other_runs(config_of, write_config, telco, small_run):
    one = ["experiment.seeds=[0]", "experiment.variants={whole: {}}"]
    folder = conduct(config_of(*one), "telco", jobs=1)
    (first,) = stamps(folder)
    telco.loc[3, "tenure"] += 1
    config = read_config(write_config(telco, more=VARIED), [*small_run, *one])
    conduct(config, "telco", jobs=1)
    assert len(stamps(folder)) == 2
    assert pd.read_csv(folder / "runs.csv")["run"].tolist() != [first]


def test_a_run_that_fails_is_told_and_the_others_are_compared(config_of):
    wrong = "experiment.variants={whole: {}, wrong: {'classifier.dbn.epochs': [1, 2, 3]}}"
    folder = conduct(config_of(wrong, "experiment.seeds=[0]"), "telco", jobs=2)
    text = (folder / "comparison.md").read_text()
    assert "wrong, seed 0, fold 1 failed: dbn: epochs has 3 values for 2 layers" in text
    assert "one model only" in text
    all_wrong = "experiment.variants={wrong: {'classifier.dbn.epochs': [1, 2, 3]}}"
    with pytest.raises(DataError, match="no run could be finished:\nwrong, seed 0"):
        conduct(config_of(all_wrong, "experiment.seeds=[0]"), "wrong", jobs=1)


def test_runs_are_as_the_command_train_makes_them(config_of):
    """Folder by folder the same numbers as one run of the same config."""
    from dbnchurn.experiment import train

    folder = conduct(config_of("experiment.seeds=[1]"), "telco", jobs=1)
    (run,) = (folder / "runs").glob("bare*")
    found = json.loads((run / "metrics.json").read_text())
    again = train(read_config(run / "config.yaml"), "again")
    assert json.loads((again / "metrics.json").read_text())["test"] == found["test"]
    seal = json.loads((run / "seal.json").read_text())
    assert (seal["variant"], seal["seed"], seal["fold"]) == ("bare", 1, 1)


def test_two_processes_do_not_work_on_one_experiment(tmp_path):
    refused = pytest.raises(ConfigError, match="another process works on it")
    with only_one(tmp_path / "x"), refused, only_one(tmp_path / "x"):
        pass
    with only_one(tmp_path / "x"):
        pass


# --- Killed at any moment -------------------------------------------------------------------------


def start(config: Path, *overrides: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "dbnchurn.cli", "experiment", str(config), "--jobs", "2"]
    return subprocess.Popen(
        [*command, *overrides],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def children_of(group: int) -> list[int]:
    """Processes of a session that are still there."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(stat[3]) == group and stat[0] != "Z":
                found.append(int(entry.name))
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)  # minutes, where the processors are shared with others
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_killed_at_20_random_points_it_ends_in_the_same_table(
    write_config, telco, small_run, tmp_path, root, monkeypatch
):
    """SIGKILL to the parent alone; its children have to end by themselves.

    An experiment that ends before it is killed is compared with the reference and begun anew, until
    20 kills have hit one that was under way.
    """
    monkeypatch.setenv("PYTHONPATH", str(root))
    config = write_config(telco, more=VARIED)
    began = time.monotonic()
    reference = start(config, *small_run, f"output={tmp_path / 'reference'}")
    said, _ = reference.communicate(timeout=300)
    assert reference.returncode == 0, said
    whole = time.monotonic() - began
    expected = (tmp_path / "reference" / "telco-experiment" / "comparison.csv").read_bytes()

    rng = random.Random(0)
    kills, attempt, unfinished = 0, 0, False
    while kills < 20 or unfinished:
        output = tmp_path / f"killed-{attempt}"
        process = start(config, *small_run, f"output={output}")
        try:
            # Only a process that still has work to do can be hit by the last kill.
            wait = rng.uniform(0.2, 1.0) * whole if kills < 20 else 300
            said, _ = process.communicate(timeout=wait)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            kills, unfinished = kills + 1, True
            deadline = time.monotonic() + 20
            while children_of(process.pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not children_of(process.pid), "children outlive the experiment"
            continue
        assert process.returncode == 0, said
        found = (output / "telco-experiment" / "comparison.csv").read_bytes()
        assert found == expected
        names = [path.name for path in (output / "telco-experiment" / "runs").iterdir()]
        assert len(names) == 4, names
        attempt, unfinished = attempt + 1, False
    assert attempt >= 2
