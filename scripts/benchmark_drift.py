"""How far scores seem to move although nothing moved: python scripts/benchmark_drift.py.

Trains on simulated customers, scores 20,000 fresh ones of the same kind, and prints the population
stability index of their scores against three references, beside what chance alone would give: the
one that the model keeps; the validation rows' scores by the first fit, before the model learned
from all rows; and the final model's scores of the rows that it learned from.
"""

from __future__ import annotations

import argparse

import numpy as np
from benchmark_scoring import simulated as mixed
from benchmark_stream import simulated as plain

from dbnchurn import ChurnClassifier
from dbnchurn.dbn import DBN, FineTune, NetworkStage
from dbnchurn.features import Leaves
from dbnchurn.predictor.reference import Distribution, learn_reference
from dbnchurn.tables.schema import Table

FRESH = 20_000
SMALL = {
    "leaves": Leaves(n_trees=30),
    "network": NetworkStage(dbn=DBN((8, 4), epochs=2), finetune=FineTune(epochs=10)),
    "use_companion": False,
}
EMPTY = Table(np.empty((1, 0)), np.empty((1, 0), np.int32), (), (), ())


def draw(world: str, rows: int, seed: int):
    """Customers to learn from, and fresh ones."""
    if world == "mixed":
        return mixed(rows, seed), mixed(FRESH, seed + 1000)[0]
    frame, left = plain(2 * FRESH)
    order = np.random.default_rng(seed).permutation(len(frame))
    return (frame.iloc[order[:rows]], left[order[:rows]]), frame.iloc[order[-FRESH:]]


def index(reference: Distribution, scores: np.ndarray) -> float:
    """Population stability index."""
    return reference.stability_index(reference.count_numbers(scores))


def spread(scores: np.ndarray) -> Distribution:
    """Of a model's scores."""
    return learn_reference(EMPTY, scores).score


def main() -> None:
    """Print a line for every model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[2000, 4000, 8000])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--models", nargs="+", default=["small", "default"])
    parser.add_argument("--worlds", nargs="+", default=["plain", "mixed"])
    options = parser.parse_args()
    print("| model | customers | rows | kept | first fit's validation | training | by chance |")
    print("|---|---|---|---|---|---|---|")
    for model in options.models:
        for world in options.worlds:
            for rows in options.rows:
                for seed in range(options.seeds):
                    (X, y), fresh = draw(world, rows, seed)
                    settings = dict(SMALL) if model == "small" else {}
                    settings |= {"random_state": seed, "device": "cpu", "n_threads": 1}
                    final = ChurnClassifier(**settings).fit(X, y)
                    first = ChurnClassifier(**settings, refit=False).fit(X, y)
                    scores = final.predict_proba(fresh)[:, 1]
                    references = (
                        final.record_.reference.score,
                        first.record_.reference.score,
                        spread(final.predict_proba(X)[:, 1]),
                    )
                    shown = " | ".join(f"{index(each, scores):.4f}" for each in references)
                    chance = 9 * (1 / rows + 1 / FRESH)
                    print(f"| {model} | {world} | {rows} | {shown} | {chance:.4f} |", flush=True)


if __name__ == "__main__":
    main()
