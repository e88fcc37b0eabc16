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
import dbnchurn.model.classifier
from dbnchurn.core.checkpoints import load
from dbnchurn.runs import read_config, resume, train

import dbnchurn.runs.fitting  # noqa: F401  isort: skip

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
        pace = (time.perf_counter() - start) / (2 * options.kills)
        runs, kills = Path(folder, "runs"), []
        generator = np.random.default_rng(options.seed)
        names: list[str] = []
        while len(kills) < options.kills:  # one that was done too early is followed by another
            names.append(f"broken-{len(names)}")
            begin = FORK.Process(target=_train, args=(config, options.changes, names[-1]))
            kills += killed(begin, runs / names[-1], generator, pace, options.kills - len(kills))
        equal = len({weights(runs / name) for name in ("whole", *names)}) == 1
    print(json.dumps({"equal": equal, "kills": len(kills), "epochs_at_kills": kills}))
    sys.exit(0 if equal else 1)


def killed(
    process: multiprocessing.process.BaseProcess,
    run: Path,
    generator: np.random.Generator,
    pace: float,
    times: int,
) -> list[int]:
    """Train to the end, killed so many times at most; what was kept at every kill.

    A process lives until it has written a checkpoint or none, and then for a random time.
    """
    unfinished = run.with_name(f"{run.name}.unfinished")
    kept = []
    process.start()
    while len(kept) < times:
        before, more = written(unfinished), int(generator.integers(0, 2))
        while process.is_alive() and more and written(unfinished) == before:
            time.sleep(0.002)
        process.join(generator.uniform(0, pace))
        if not process.is_alive():
            break
        if not unfinished.exists():
            continue  # not yet begun, so there is nothing to take up
        process.kill()
        process.join()
        kept.append(sum(written(unfinished).values()))
        process = FORK.Process(target=_resume, args=(unfinished,))
        process.start()
    process.join()
    return kept


def weights(run: Path) -> str:
    """SHA-256 of the model's arrays."""
    return hashlib.sha256((run / "model" / "model.safetensors").read_bytes()).hexdigest()


def written(unfinished: Path) -> dict[str, int]:
    """Epochs, or finished pieces, in every checkpoint."""
    found = {}
    for path in sorted(unfinished.rglob("*.npz")):
        try:
            facts = load(path)[1]
        except (FileNotFoundError, ValueError):  # the run has just been finished
            continue
        name = str(path.relative_to(unfinished))
        is_network = "layer" in path.stem or path.stem == "network"
        found[name] = len(facts["curve"]) if is_network else 1
    return found


def _train(config: Path, changes: list[str], name: str) -> None:
    train(read_config(config, changes), name)


def _resume(unfinished: Path) -> None:
    resume(unfinished)


if __name__ == "__main__":
    main()
