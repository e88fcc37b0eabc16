"""Kill a training at random moments and take it up each time: python scripts/check_interruption.py.

The weights have to be those of a training that nobody interrupted. The last line is one JSON
object; the exit code is 1 if the weights differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from benchmark_scale import matrix

# Imported before anything forks, so that a process taken up is at work at once.
import dbnchurn.classifier
from dbnchurn.experiment import read_config, resume, train

import dbnchurn.experiment.run  # noqa: F401  isort: skip

FORK = multiprocessing.get_context("fork")


def main() -> None:
    """Train once undisturbed and once killed again and again; compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("data/scale"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("changes", nargs="*", help="changes to the config, such as a.b=c")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dbnchurn-kill-") as folder:
        config = Path(folder, "kill.yaml")
        made = FORK.Process(target=matrix, args=(options.folder, options.customers))
        made.start()  # apart, so that this process has no threads when it forks
        made.join()
        config.write_text(
            f"source: {{path: {options.folder / f'{options.customers}.parquet'}}}\n"
            "columns: {id: customer_id, label: churn}\nbaselines: []\ndevice: cpu\n"
            f"output: {folder}/runs\nn_threads: {options.threads}\n"
        )
        start = time.perf_counter()
        whole = FORK.Process(target=_train, args=(config, options.changes, "whole"))
        whole.start()
        whole.join()
        undisturbed = time.perf_counter() - start
        unfinished = Path(folder, "runs", "broken.unfinished")
        process = FORK.Process(target=_train, args=(config, options.changes, "broken"))
        kills = []
        generator = np.random.default_rng(options.seed)
        process.start()
        while process.is_alive() and len(kills) < options.kills:
            _wait(process, unfinished, generator, undisturbed / options.kills)
            if process.is_alive():
                process.kill()
                process.join()
                kills.append(len(list(unfinished.rglob("*.npz"))))
                begun = (unfinished / "config.yaml").exists()
                what = (_resume, (unfinished,)) if begun else (
                    _train, (config, options.changes, "broken"))  # fmt: skip
                process = FORK.Process(target=what[0], args=what[1])
                process.start()
        process.join()
        found = [weights(Path(folder, "runs", name)) for name in ("whole", "broken")]
    equal = found[0] == found[1]
    print(json.dumps({"equal": equal, "kills": len(kills), "pieces_at_kills": kills}))
    sys.exit(0 if equal else 1)


def weights(run: Path) -> str:
    """SHA-256 of the model's arrays."""
    return hashlib.sha256((run / "model" / "model.safetensors").read_bytes()).hexdigest()


def _wait(
    process: multiprocessing.process.BaseProcess,
    unfinished: Path,
    generator: np.random.Generator,
    pace: float,
) -> None:
    """Until some more checkpoints are written, and then for a random moment."""
    more = int(generator.integers(0, 3))
    before = _written(unfinished)
    while process.is_alive() and sum(
        before.get(path) != stamp for path, stamp in _written(unfinished).items()
    ) < more:  # fmt: skip
        time.sleep(0.005)
    time.sleep(generator.uniform(0, pace))


def _written(unfinished: Path) -> dict[Path, int]:
    """When every checkpoint was written."""
    stamps = {}
    for path in unfinished.rglob("*.npz"):
        try:
            stamps[path] = path.stat().st_mtime_ns
        except FileNotFoundError:  # finished in this moment
            continue
    return stamps


def _train(config: Path, changes: list[str], name: str) -> None:
    train(read_config(config, changes), name)


def _resume(unfinished: Path) -> None:
    resume(unfinished)


if __name__ == "__main__":
    main()
