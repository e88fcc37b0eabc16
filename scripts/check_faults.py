"""Let every call of the system fail once in every command, and look at what is left.

    python scripts/check_faults.py [--most 4] [--kills 100] [--scenario save]

Prints what was injected where and what came of it. The last line is one JSON object: ``points``,
``lost``, ``torn``, ``leftovers``, ``tracebacks``, ``saves_killed`` and ``failed_loads``;
``artifact_mutations``, ``artifact_escapes`` and ``worst_load_mb``, as ``check_artifacts.py`` finds
them. The exit code is 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import pickle
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from check_artifacts import check

from dbnchurn import Predictor
from tests.fault_scenarios import SCENARIOS
from tests.faults import Faults

READERS = 4


def main() -> None:
    """Inject all faults, kill saves among readers, and measure the corpus."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=4, help="calls of a function that fail")
    parser.add_argument("--kills", type=int, default=100, help="saves that are killed")
    parser.add_argument("--scenario", action="append", help="only this one; may be repeated")
    parser.add_argument("--mutations", type=int, default=300, help="models that are mutated")
    options = parser.parse_args()
    sums = dict.fromkeys(("points", "lost", "torn", "leftovers", "tracebacks"), 0)
    with tempfile.TemporaryDirectory(prefix="faults-") as work:
        faults = Faults(Path(work, "all"))
        for scenario in SCENARIOS:
            if options.scenario and scenario.name not in options.scenario:
                continue
            faults.learn(scenario)
            for point in faults.points(scenario, options.most):
                found = faults.outcome(scenario, point)
                sums["points"] += 1
                for kind in ("lost", "torn", "leftovers", "tracebacks"):
                    sums[kind] += len(getattr(found, kind))
                said = "; ".join(found.faults) or "whole"
                print(f"{scenario.name}: {point}: exit code {found.code}: {said}", flush=True)
        killed, failed = killed_saves(faults.folder / "other", Path(work), options.kills)
    numbers = {**sums, "saves_killed": killed, "failed_loads": failed, **corpus(options.mutations)}
    print(json.dumps(numbers))
    wrong = ("lost", "torn", "leftovers", "tracebacks", "failed_loads", "artifact_escapes")
    sys.exit(any(numbers[kind] for kind in wrong))


def killed_saves(other: Path, work: Path, kills: int) -> tuple[int, int]:
    """Kill saves at random moments while others load: how many were killed, and loads failed."""
    fork = multiprocessing.get_context("fork")
    first, model = pickle.loads(other.read_bytes()), work / "model"
    second = pickle.loads(other.read_bytes())
    second.record_ = first.record_
    second.about_ = {**first.about_, "note": "the second"}
    first.save(model)
    stop, counts, generator = fork.Event(), fork.Queue(), random.Random(0)

    def load() -> None:
        failed = 0
        while not stop.is_set():
            try:
                Predictor.load(model)
            except ValueError as error:
                failed += 1
                print(error, file=sys.stderr, flush=True)
        counts.put(failed)

    def save() -> None:
        while True:
            second.save(model)
            first.save(model)

    readers = [fork.Process(target=load) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for _ in range(kills):
        writer = fork.Process(target=save)
        writer.start()
        time.sleep(generator.uniform(0, 0.1))
        writer.kill()
        writer.join()
    stop.set()
    failed = sum(counts.get() for _ in readers)
    for reader in readers:
        reader.join()
    first.save(model)
    return kills, failed + (len(list(model.iterdir())) != 3)


def corpus(mutations: int) -> dict[str, Any]:
    """What came of mutated and heavy models, and of plans that reach out; None without any."""
    names = ("artifact_mutations", "artifact_escapes", "worst_load_mb")
    if not mutations:
        return dict.fromkeys(names)
    with tempfile.TemporaryDirectory(prefix="artifacts-") as scratch:
        measured = check(Path(scratch), mutations, seed=0)
    return {name: measured[name] for name in names}


if __name__ == "__main__":
    main()
