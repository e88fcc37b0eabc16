"""kill -9: a real process is killed wherever it is, and the next one ends with the same bytes."""

import os
import random
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

CHUNK, CHUNKS = 60, 60
KILLS = 20  # over both kinds of output


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


def command(place, output):
    return [
        sys.executable, "-m", "dbnchurn.cli", "score", place / "model", place / "t.csv",
        "--output", output, "--chunk-rows", CHUNK, "--campaign", output.with_name("campaign.csv"),
        "--budget", 300, "--suppress", place / "suppress.csv", "--control", 0.2,
    ]  # fmt: skip


def start(place, output, **how):
    how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, **how}
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([str(a) for a in command(place, output)], env=env, **how)


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
    while process.poll() is None:
        names = os.listdir(work) if work.exists() else []
        parts = sum(name.endswith(".parquet") for name in names)
        began = parts if began is None and names else began
        ending = any(name.startswith(f".{output.name}") for name in names)
        if ending if at_the_end else began is not None and parts >= began + wanted:
            break
        time.sleep(0.001)
    time.sleep(chance.random() * 0.02)
    alive = process.poll() is None
    process.kill()
    process.communicate()
    return alive


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_killed_jobs_end_with_the_bytes_of_an_uninterrupted_one(place, tmp_path, ending):
    expected, folder = tmp_path / "expected", tmp_path / "killed"
    whole = start(place, expected / f"s.{ending}")
    assert whole.wait(120) == 0, whole.stderr.read()
    left = {f"s.{ending}", f"s.rejected.{ending}", "s.job.json", "campaign.csv"}
    assert set(written(expected)) == left
    output, chance, kills, jobs = folder / f"s.{ending}", random.Random(ending), 0, 0
    while kills < KILLS // 2:
        kills += kill_somewhere(start(place, output), output, chance)
        if output.exists():  # renamed before it was killed
            assert output.read_bytes() == (expected / output.name).read_bytes()
            jobs += 1
            for file in folder.iterdir():
                if file.is_file():
                    file.unlink()
    last = start(place, output)
    assert last.wait(120) == 0, last.stderr.read()
    assert written(folder) == written(expected)
    assert jobs < KILLS // 2


def test_a_full_disk_is_told_and_the_job_goes_on_when_there_is_room(place, tmp_path):
    output = tmp_path / "s.csv"

    def small_disk():
        # No file may grow beyond this: chunks fit, the scores do not.
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    full = start(place, output, preexec_fn=small_disk)
    _, error = full.communicate(timeout=120)
    assert full.returncode == 2, error
    assert f"{output}: scores cannot be written there: File too large; with that mended" in error
    assert "Traceback" not in error
    assert not output.exists()
    parts = tmp_path / "s.csv.parts"
    kept = {file.name: file.stat().st_mtime_ns for file in parts.glob("*.parquet")}
    assert len(kept) == CHUNKS
    again = start(place, output)
    assert again.wait(120) == 0, again.stderr.read()
    assert (
        len(pd.read_csv(output)) + len(pd.read_csv(tmp_path / "s.rejected.csv")) == CHUNK * CHUNKS
    )
    assert not parts.exists()
