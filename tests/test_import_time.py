"""The package is imported in no time, for it imports nothing until it is asked to."""

import subprocess
import sys

CODE = """
import sys, time
before = set(sys.modules)
start = time.perf_counter()
import dbnchurn
print(time.perf_counter() - start)
print(*{name.split(".")[0] for name in set(sys.modules) - before})
"""


def measure() -> tuple[float, set[str]]:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    seconds, names = done.stdout.splitlines()
    return float(seconds), set(names.split())


def test_import_takes_less_than_three_tenths_of_a_second():
    found = [measure() for _ in range(3)]
    assert min(seconds for seconds, _ in found) < 0.3
    assert not found[0][1] & {"numpy", "pandas", "torch", "sklearn", "xgboost", "pyarrow"}


def test_public_names_are_there_and_others_are_not():
    import dbnchurn

    assert {name for name in dbnchurn.__all__ if getattr(dbnchurn, name)} == set(dbnchurn.__all__)
    assert not hasattr(dbnchurn, "Classifier")


def test_the_predictor_imports_only_what_scoring_needs():
    code = "import sys\nfrom dbnchurn import Predictor\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # Together they take longer to import than all the rest.
    assert not set(done.stdout.split()) & {"scipy.stats", "scipy.optimize", "duckdb", "jinja2"}
