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

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.experiments import worker_pool
from dbnchurn.experiments.experiment import run_experiment
from dbnchurn.experiments.fingerprints import completion_marker
from dbnchurn.runs import read_config
from dbnchurn.runs.folder import only_one
from tests.experiments.commands import run_command
from tests.fork_server import forks_with

pytestmark = pytest.mark.usefixtures("empty_pictures")
VARIED = """
report: {page: false}
experiment:
  variants:
    whole: {}
    bare: {classifier.use_leaves: false, classifier.use_companion: false}
  seeds: [0, 1]
"""


# Four runs that learn next to nothing: what is killed and kept does not depend on what was learned.
CHEAP = """
report: {page: false}
classifier: {use_leaves: false, use_companion: false}
experiment:
  variants: {plain: {}, restrained: {classifier.restraint: 20}}
  seeds: [0, 1]
"""


@pytest.fixture(scope="module")
def born():
    """Processes that have behind them what a first training loads."""
    return forks_with("tests.experiments.commands", "tests.experiments.warmed")


@pytest.fixture(autouse=True)
def warmed(born, monkeypatch):
    """Such processes are the workers."""
    monkeypatch.setattr(worker_pool, "worker_context", lambda: born)


@pytest.fixture
def config_of(write_config, telco, small_run):
    def read(*overrides: str, more: str = VARIED):
        return read_config(write_config(telco.head(300), more=more), [*small_run, *overrides])

    return read


def stamps(folder: Path) -> dict[str, int]:
    return {run.name: (run / "seal.json").stat().st_mtime_ns for run in (folder / "runs").iterdir()}


def test_an_experiment_runs_all_and_runs_again_only_what_is_missing(config_of, capsys):
    folder = run_experiment(config_of(more=CHEAP), "telco", jobs=2)
    first, table = stamps(folder), (folder / "comparison.csv").read_bytes()
    assert folder.name == "telco-experiment"
    assert len(first) == 4
    assert all(completion_marker(folder / "runs" / name) for name in first)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[-1].startswith("[4/4] ")

    # Again: nothing is trained, and the table is the same.
    run_experiment(config_of(more=CHEAP), "telco", jobs=2)
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
    run_experiment(config_of(more=CHEAP), "telco", jobs=2)
    second = stamps(folder)
    assert {name for name in first if second[name] == first[name]} == {kept}
    assert set(second) == set(first)
    assert (folder / "comparison.csv").read_bytes() == table

    # Another seed: two more runs, the four are kept.
    run_experiment(config_of("experiment.seeds=[0, 1, 2]", more=CHEAP), "telco", jobs=2)
    third = stamps(folder)
    assert {name: third[name] for name in second} == second
    assert len(third) == 6
    runs = pd.read_csv(folder / "runs.csv")
    assert runs["unit"].tolist() == [f"seed {s}, fold 1" for s in (0, 1, 2)] * 2
    assert runs["run"].is_unique


def test_other_data_are_other_runs(config_of, write_config, telco, small_run):
    one = ["experiment.seeds=[0]", "experiment.variants={whole: {}}"]
    folder = run_experiment(config_of(*one), "telco", jobs=1)
    (first,) = stamps(folder)
    telco.loc[3, "tenure"] += 1
    config = read_config(write_config(telco.head(300), more=VARIED), [*small_run, *one])
    run_experiment(config, "telco", jobs=1)
    assert len(stamps(folder)) == 2
    assert pd.read_csv(folder / "runs.csv")["run"].tolist() != [first]


def test_a_run_that_fails_is_told_and_the_others_are_compared(config_of):
    wrong = "experiment.variants={whole: {}, wrong: {'classifier.network.dbn.epochs': [1, 2, 3]}}"
    folder = run_experiment(config_of(wrong, "experiment.seeds=[0]"), "telco", jobs=2)
    text = (folder / "comparison.md").read_text()
    assert "wrong, seed 0, fold 1 failed: network: epochs has 3 values for 2 layers" in text
    assert "one model only" in text
    all_wrong = "experiment.variants={wrong: {'classifier.network.dbn.epochs': [1, 2, 3]}}"
    with pytest.raises(DataError, match="no run could be finished:\nwrong, seed 0"):
        run_experiment(config_of(all_wrong, "experiment.seeds=[0]"), "wrong", jobs=1)


def test_runs_are_as_the_command_train_makes_them(config_of):
    """Folder by folder the same numbers as one run of the same config."""
    from dbnchurn.runs import train

    folder = run_experiment(config_of("experiment.seeds=[1]"), "telco", jobs=1)
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


class Commands:
    """Starts commands in processes that need not import anything, one at a time."""

    def __init__(self, born, log: Path) -> None:
        self.born, self.log = born, log

    def experiment(
        self, *arguments: str, kill_after: float | None = None
    ) -> tuple[int, int, float]:
        """Process and exit status of ``dbnchurn experiment``, and how long it took."""
        words = ["experiment", *arguments, "--jobs", "2"]
        process = self.born.Process(target=run_command, args=(words, str(self.log)))
        process.start()
        since = time.monotonic()
        process.join(kill_after)
        if process.is_alive():
            process.kill()
        process.join()
        return process.pid, process.exitcode, time.monotonic() - since


@pytest.fixture
def commands(born, tmp_path):
    return Commands(born, tmp_path / "said.log")


@pytest.mark.slow
@pytest.mark.timeout(1200)  # minutes, where the processors are shared with others
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
@pytest.mark.parametrize("wanted", [2, pytest.param(20, marks=pytest.mark.long)])
def test_killed_at_random_points_it_ends_in_the_same_table(
    write_config, telco, small_run, tmp_path, commands, wanted
):
    """SIGKILL to the parent alone; its children have to end by themselves.

    An experiment that ends before it is killed is compared with the reference and begun anew, until
    as many kills as wanted have hit one that was under way.
    """
    settings = [line for line in small_run if not line.startswith("classifier.companion")]
    seeds = [0, 1] if wanted > 10 else [0]
    settings.append(f"experiment.seeds={seeds}")
    arguments = [str(write_config(telco.head(300), more=CHEAP)), *settings]
    _, status, whole = commands.experiment(*arguments, f"output={tmp_path / 'reference'}")
    assert status == 0, commands.log.read_text()
    expected = (tmp_path / "reference" / "telco-experiment" / "comparison.csv").read_bytes()

    generator = random.Random(0)
    kills, ended, unfinished = 0, 0, False
    while kills < wanted or unfinished:
        output = tmp_path / f"killed-{ended}"
        # The last kill is followed by a call that may end.
        wait = generator.uniform(0.0, 0.7) * whole if kills < wanted else None
        process, status, _ = commands.experiment(*arguments, f"output={output}", kill_after=wait)
        if status == -signal.SIGKILL:
            kills, unfinished = kills + 1, True
            deadline = time.monotonic() + 20
            while children_of(process) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert not children_of(process), "children outlive the experiment"
            continue
        assert status == 0, commands.log.read_text()
        found = (output / "telco-experiment" / "comparison.csv").read_bytes()
        assert found == expected
        assert len(stamps(output / "telco-experiment")) == 2 * len(seeds)
        ended, unfinished = ended + 1, False
    assert ended >= (2 if wanted > 10 else 1)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
def test_processes_of_a_killed_command_end_with_it(write_config, telco, tmp_path, root):
    """The command as users start it, whose runs fork from a process that has imported them."""
    config = write_config(telco)  # at full size, so that it is under way for a while
    process = subprocess.Popen(
        [sys.executable, "-m", "dbnchurn", "experiment", str(config), "--jobs", "2"],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    logs = tmp_path / "runs" / "telco-experiment" / "logs"
    deadline = time.monotonic() + 120
    while not (logs.is_dir() and any(logs.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None, "ended before it could be killed"
    assert len(children_of(process.pid)) > 2
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 20
    while children_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not children_of(process.pid)
