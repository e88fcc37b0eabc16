"""What becomes of stored models from elsewhere: mutated ones, heavy ones, and replayed plans.

    python scripts/check_artifacts.py [--mutations 10000] [--seed 2]

Each mutated model is loaded in a process with bounded memory and, if it loads, scores three rows:
it has to be refused in one sentence or give probabilities. Heavy models are loaded in a process
each. Plans that try to reach other files, variables or tables are replayed under watch. The last
line is one JSON object: ``artifact_mutations``, ``artifact_faults``, ``artifact_escapes``,
``worst_load_mb``, ``loads_out_of_proportion`` and ``slow_loads``.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.predictor.heavy import measured_all  # noqa: E402
from tests.predictor.thorough import draw_many, thorough_classifier  # noqa: E402
from tests.scoring.escapes import SECRET, escapes, trained_crm  # noqa: E402

MUTATIONS = ROOT / "tests" / "predictor" / "mutations.py"
AT_ONCE = 500  # mutations in one process


def main() -> None:
    """Check and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=10_000, help="number of mutated models")
    parser.add_argument("--seed", type=int, default=2, help="of the first of them")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="dbnchurn-") as scratch:
        print(json.dumps(check(Path(scratch), options.mutations, options.seed)))


def check(scratch: Path, mutations: int, seed: int) -> dict[str, float]:
    """All checks, as the numbers of the last line.

    Parameters
    ----------
    scratch : Path
        Folder for the models.
    mutations : int
        Number of mutated models.
    seed : int
        Of the first of them.
    """
    model = scratch / "model"
    thorough_classifier().fit(*draw_many(600, 0)).save(model)
    draw_many(12, 5)[0].to_parquet(scratch / "rows.parquet")
    outcomes, faults = mutated(scratch, mutations, seed)
    print(f"mutated models: {dict(outcomes)}")
    loads = measured_all(model, scratch / "heavy")
    for load in loads:
        print(
            f"{load.name:40} {load.file_mb:8.2f} MB on disk {load.memory_mb:8.1f} MB in memory "
            f"{load.seconds:6.2f} s: {load.outcome[:90]}"
        )
    outside = scratch / "outside"
    outside.mkdir()
    os.environ[SECRET] = "postgresql://127.0.0.1:9/x"
    folder = trained_crm(scratch / "crm")
    (outside / "secret.parquet").write_bytes((folder / "basic.parquet").read_bytes())
    touched = {n: seen for n, (_, seen) in escapes(folder, outside, scratch / "plans").items()}
    for name, seen in touched.items():
        if seen:
            print(f"escape: {name}: {seen}")
    return {
        "artifact_mutations": sum(outcomes.values()),
        "artifact_faults": faults,
        "artifact_escapes": sum(bool(seen) for seen in touched.values()),
        "worst_load_mb": round(max(load.memory_mb for load in loads), 1),
        "loads_out_of_proportion": sum(not load.fits for load in loads),
        "slow_loads": sum(load.slow for load in loads),
    }


def mutated(scratch: Path, count: int, seed: int) -> tuple[Counter[str], int]:
    """Outcomes of so many mutated models, and how many processes ended with a fault."""
    outcomes: Counter[str] = Counter()
    faults = 0
    for number, done in enumerate(range(0, count, AT_ONCE)):
        size = min(AT_ONCE, count - done)
        paths = (scratch / "model", scratch / "mutated", scratch / "rows.parquet")
        arguments = [*map(str, paths), str(size), str(seed + number)]
        run = subprocess.run(
            [sys.executable, str(MUTATIONS), *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )
        if run.returncode:
            faults += 1
            print(f"fault: {' '.join(run.stderr.split())[-600:]}", flush=True)
        else:
            outcomes.update(json.loads(run.stdout.splitlines()[-1]))
    return outcomes, faults


if __name__ == "__main__":
    main()
