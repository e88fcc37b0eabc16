"""Models with mistakes drawn at random are refused, or are models: never a crash or a hang."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MUTATIONS = Path(__file__).with_name("mutations.py")


@pytest.mark.parametrize(
    ("count", "seed"),
    [(150, 1), pytest.param(10_000, 2, marks=pytest.mark.long)],
    ids=["quick", "long"],
)
@pytest.mark.parametrize("name", ["fitted", "thorough"])
def test_mutated_models_are_refused_or_score(request, tmp_path, name, count, seed, root):
    """In a process of its own, so that a crash in native code is a failure and not the end."""
    draw = request.getfixturevalue("draw_customers" if name == "fitted" else "draw_many")
    request.getfixturevalue(name).save(tmp_path / "model")
    table = tmp_path / "rows.parquet"
    draw(12, 5)[0].to_parquet(table)
    arguments = [tmp_path / "model", tmp_path / "scratch", table, count // 2, seed]
    done = subprocess.run(
        [sys.executable, MUTATIONS, *map(str, arguments)],
        cwd=root,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert sum(found.values()) == count // 2
    assert found["refused"] > count / 8
    assert found["scored"] > count / 50  # else nothing but the hashes was tried
