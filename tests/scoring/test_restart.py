"""kill -9: a real process is killed wherever it is, and the next one ends with the same bytes."""

import os
import random
import resource
import signal
import sys
import time

import numpy as np
import pandas as pd
import pytest

from dbnchurn.cli import main
from tests.fork_server import forks_with

CHUNK, CHUNKS = 60, 24


@pytest.fixture(scope="module")
def place(tmp_path_factory, fitted, draw_customers):
    """A model, a table with rows that cannot be read, and a suppression list."""
    folder = tmp_path_factory.mktemp("restart")
    fitted.save(folder / "model", about={"id": "customer"})
    X, _ = draw_customers(CHUNK * CHUNKS, seed=2)
    X = X.assign(customer=[f"C{i:05d}" for i in range(len(X))], debt=X["debt"].astype(object))
    X.loc[np.arange(11, len(X), 97), "debt"] = "much"
    X.to_csv(folder / "t.csv", index=False)
    X["customer"].sample(500, random_state=0).to_csv(folder / "suppress.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def start(place):
    """``start(output)``: a job in a process of its own, born with everything imported."""
    born = forks_with("tests.scoring.test_restart", "dbnchurn.scoring.summary_text")

    def run(output, largest_file=resource.RLIM_INFINITY, errors=os.devnull):
        options = ["--chunk-rows", CHUNK, "--campaign", output.with_name("campaign.csv")]
        options += ["--budget", 300, "--suppress", place / "suppress.csv", "--control", 0.2]
        words = ["score", place / "model", place / "t.csv", "--output", output, *options]
        process = born.Process(target=job, args=([*map(str, words)], largest_file, str(errors)))
        process.start()
        return process

    return run


def job(arguments, largest_file, errors):
    """The command, as its own process runs it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open(errors, "w", encoding="utf-8") as err, open(os.devnull, "w") as out:
        sys.stderr, sys.stdout = err, out
        main(arguments)


def ended_well(process):
    process.join(120)
    return process.exitcode == 0


def written(folder):
    """Everything that a finished job leaves, but for the paths in its summary."""
    return {
        file.name: file.read_bytes().replace(str(folder).encode(), b"") for file in folder.iterdir()
    }


def kill_somewhere(process, output, chance):
    """Kill a running job after some chunks more, or while it writes the end; True if it lived."""
    work = output.with_name(output.name + ".parts")
    at_the_end = chance.random() < 0.2
    wanted = chance.randrange(0, CHUNKS // 4)
    began = None
    while process.is_alive():
        names = os.listdir(work) if work.exists() else []
        parts = sum(name.endswith(".parquet") for name in names)
        began = parts if began is None and names else began
        ending = any(name.startswith(f".{output.name}") for name in names)
        if ending if at_the_end else began is not None and parts >= began + wanted:
            break
        time.sleep(0.001)
    time.sleep(chance.random() * 0.02)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("wanted", [2, pytest.param(10, marks=pytest.mark.long)])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_killed_jobs_end_with_the_bytes_of_an_uninterrupted_one(start, tmp_path, ending, wanted):
    expected, folder = tmp_path / "expected", tmp_path / "killed"
    expected.mkdir()
    folder.mkdir()
    assert ended_well(start(expected / f"s.{ending}"))
    left = {f"s.{ending}", f"s.rejected.{ending}", f"s.{ending}.job.json", "campaign.csv"}
    assert set(written(expected)) == left
    output, chance, kills, jobs = folder / f"s.{ending}", random.Random(ending), 0, 0
    while kills < wanted:
        kills += kill_somewhere(start(output), output, chance)
        if output.exists():  # renamed before it was killed
            assert output.read_bytes() == (expected / output.name).read_bytes()
            jobs += 1
            for file in folder.iterdir():
                if file.is_file():
                    file.unlink()
    assert ended_well(start(output))
    assert written(folder) == written(expected)
    assert jobs < wanted


def test_a_full_disk_is_told_and_the_job_goes_on_when_there_is_room(start, tmp_path):
    output, told = tmp_path / "s.csv", tmp_path / "told.txt"
    # No file may grow beyond this: chunks fit, the scores do not.
    full = start(output, largest_file=36_000, errors=told)
    assert not ended_well(full)
    error = told.read_text(encoding="utf-8")
    assert full.exitcode == 2, error
    assert f"{output}: scores cannot be written there: File too large; with that mended" in error
    assert "Traceback" not in error
    assert not output.exists()
    parts = tmp_path / "s.csv.parts"
    kept = {file.name: file.stat().st_mtime_ns for file in parts.glob("*.parquet")}
    assert len(kept) == CHUNKS
    assert ended_well(start(output))
    assert (
        len(pd.read_csv(output)) + len(pd.read_csv(tmp_path / "s.rejected.csv")) == CHUNK * CHUNKS
    )
    assert not parts.exists()
