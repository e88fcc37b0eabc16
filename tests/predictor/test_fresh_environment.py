"""Scoring in an environment of its own, with the core dependencies and nothing that trains."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pytest

import dbnchurn

SCORE = """
import importlib.util, json, sys, time
start = time.perf_counter()
from dbnchurn import Predictor
took = time.perf_counter() - start
import pandas as pd
model, table = sys.argv[1:]
scores = Predictor.load(model).score(pd.read_parquet(table))
present = [n for n in ("torch", "sklearn", "xgboost", "imblearn", "empulse", "matplotlib", "jinja2")
           if importlib.util.find_spec(n) is not None]
import dbnchurn
print(json.dumps({
    "probability": list(scores["probability"]), "decision": [bool(d) for d in scores["decision"]],
    "present": present, "file": dbnchurn.__file__, "import_seconds": took,
}))
"""


def run(*arguments: object, timeout: int = 1200) -> subprocess.CompletedProcess[str]:
    words = [str(argument) for argument in arguments]
    return subprocess.run(words, capture_output=True, text=True, timeout=timeout)


def copied(root: Path, folder: Path) -> Path:
    """What the package is built from, for building writes into the tree."""
    shutil.copytree(root / "dbnchurn", folder / "dbnchurn")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, folder / name)
    return folder


def needed(lines: list[str]) -> set[str]:
    """What is required, and all that it requires in turn by its metadata, without extras."""
    found, waiting = set(), list(lines)
    while waiting:
        line = waiting.pop()
        name = re.match(r"[\w.-]+", line)[0]
        if name not in found and "extra ==" not in line and is_for_this_machine(line):
            found.add(name)
            waiting += distribution(name).requires or ()
    return found


def is_for_this_machine(line: str) -> bool:
    """Whether the condition behind a requirement holds, if it has one."""
    markers = pytest.importorskip("packaging.markers")
    condition = line.partition(";")[2].strip()
    return not condition or markers.Marker(condition).evaluate()


def borrow(folder: Path, lines: list[str]) -> None:
    """Links to the package and to the files of what it requires, and to nothing else."""
    (folder / "dbnchurn").symlink_to(Path(dbnchurn.__file__).parent)
    for name in needed(lines):
        files = distribution(name).files or ()
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            source = Path(distribution(name).locate_file(top))
            if source.exists() and not (folder / top).exists():
                (folder / top).symlink_to(source)


@pytest.fixture(scope="module")
def borrowing_python(tmp_path_factory, root) -> Path:
    """The interpreter of a fresh environment with links to what the package needs."""
    folder = tmp_path_factory.mktemp("borrowing")
    assert run(sys.executable, "-m", "venv", "--without-pip", folder).returncode == 0
    names = {"base": str(folder), "platbase": str(folder)}
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    borrow(Path(sysconfig.get_path("purelib", "venv", names)), project["dependencies"])
    return Path(sysconfig.get_path("scripts", "venv", names)) / Path(sys.executable).name


@pytest.fixture(scope="module")
def installed_python(tmp_path_factory, root) -> Path:
    """The interpreter of a fresh environment into which pip installs the package."""
    folder = tmp_path_factory.mktemp("fresh")
    assert run(sys.executable, "-m", "venv", folder / "env").returncode == 0
    found = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pip = (found, "-m", "pip", "--disable-pip-version-check", "--timeout", "30", "--retries", "1")
    reached = run(*pip, "download", "--no-deps", "--dest", folder / "probe", "setuptools")
    if reached.returncode:
        pytest.skip(f"pip reaches no package index: {reached.stderr.strip().splitlines()[-1:]}")
    package = os.environ.get("DBNCHURN_WHEEL") or copied(root, folder / "source")
    done = run(*pip, "install", "--quiet", "--no-compile", "-c", root / "constraints.txt", package)
    assert done.returncode == 0, done.stderr[-2000:]
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "environment", ["borrowing", pytest.param("installed", marks=pytest.mark.long)]
)
def test_a_stored_model_scores_without_what_trained_it(
    request, environment, fitted, draw_customers, tmp_path
):
    python = request.getfixturevalue(f"{environment}_python")
    X, _ = draw_customers(200, 8)
    fitted.save(tmp_path / "model")
    X.to_parquet(tmp_path / "rows.parquet")
    done = run(python, "-I", "-c", SCORE, tmp_path / "model", tmp_path / "rows.parquet")
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["present"] == []
    assert str(python.parents[1]) in found["file"]
    print(f"import dbnchurn.Predictor: {found['import_seconds']:.2f} s")
    np.testing.assert_allclose(
        found["probability"], fitted.predict_proba(X)[:, 1], rtol=0, atol=1e-9
    )
    np.testing.assert_array_equal(found["decision"], fitted.predict(X) == 1)


# Of other packages than these, what is compiled already is loaded, with docstrings.
STRIPPED = """
import importlib._bootstrap_external as files
import sys
sys.dont_write_bytecode = True
place = files.cache_from_source
def place_of(path, debug_override=None, *, optimization=None):
    inside = path.rpartition("site-packages")[2]
    strip = "dbnchurn/" in inside or "xgboost/" in inside
    return place(path, optimization=None if strip else "")
files.cache_from_source = place_of
"""
OPTIMIZED = """
import sys
import pandas as pd
from dbnchurn import Predictor
model, table = sys.argv[1:]
print(list(Predictor.load(model).score(pd.read_parquet(table))["probability"]))
try:
    from dbnchurn import ChurnClassifier
except ValueError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("everywhere", [False, pytest.param(True, marks=pytest.mark.long)])
def test_without_docstrings_a_model_scores_and_training_says_why_not(
    shared_model, customers, root, tmp_path, everywhere
):
    """``python -OO``, as small images use it, which compiles all packages for ten seconds."""
    how = ["-OO", "-c", OPTIMIZED if everywhere else STRIPPED + OPTIMIZED]
    customers[0].head(20).to_parquet(tmp_path / "t.parquet")
    expected = dbnchurn.Predictor.load(shared_model).score(customers[0].head(20))["probability"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, *how, str(shared_model), str(tmp_path / "t.parquet")],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    scores, refusal = done.stdout.splitlines()
    np.testing.assert_allclose(json.loads(scores), expected, atol=1e-12)
    assert refusal.startswith("ConfigError xgboost cannot be imported by python -OO")
