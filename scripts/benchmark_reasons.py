"""Reason codes: how fast they are, and how faithful beside simpler attributions.

Trains the default model on real tables and holds every attribution against literal occlusion: the
column replaced by other customers' values, the whole model run again. Half of the customers
measured have the highest scores. Prints a Markdown table per data table; the last line is one JSON
object. With --model nothing is trained: the time of scores with three reasons over that of scores
alone, `reasons_ratio`, is measured with the model that scripts/benchmark_scoring.py keeps.

    python scripts/benchmark_reasons.py > reasons.md
    python scripts/benchmark_reasons.py --only tv --customers 30
    python scripts/benchmark_reasons.py --model data/benchmark/scoring/model
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from benchmark_scoring import simulated
from benchmark_tables import tables

from dbnchurn import ChurnClassifier, Predictor
from dbnchurn.predictor.explain.background import with_values
from dbnchurn.predictor.explain.contributions import Explainer
from dbnchurn.predictor.explain.faithfulness import (
    agreement,
    fall,
    leading,
    log_odds,
    occluded,
    spread,
)
from dbnchurn.predictor.model_record import ModelRecord
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Table

REASONS = 3
OWN = "reasons"


def as_if_missing(model: ModelRecord, table: Table) -> np.ndarray:
    """Each column replaced by a missing value: one pass per column."""
    p, q = table.numbers.shape[1], table.codes.shape[1]
    empty = [np.nan] * p + [-1.0] * q
    now = log_odds(model, table)
    columns = [
        now - log_odds(model, with_values(table, column, np.full(len(table), value)))
        for column, value in enumerate(empty)
    ]
    return np.column_stack(columns)


def one_stranger(model: ModelRecord, table: Table) -> np.ndarray:
    """Each column replaced by the value of one other customer: one pass per column."""
    other = table.take(np.roll(np.arange(len(table)), 1))
    values = np.hstack([other.numbers, other.codes.astype(float)])
    now = log_odds(model, table)
    columns = [
        now - log_odds(model, with_values(table, column, values[:, column]))
        for column in range(values.shape[1])
    ]
    return np.column_stack(columns)


def distance_from_middle(model: ModelRecord, table: Table) -> np.ndarray:
    """How unusual the value is, times how the column goes with the score: no model inside."""
    values = np.hstack([table.numbers, table.codes.astype(float)])
    centered = np.nan_to_num(values - np.nanmedian(values, axis=0))
    scaled = centered / np.maximum(centered.std(axis=0), 1e-9)
    score = log_odds(model, table)
    return scaled * (scaled * (score - score.mean())[:, None]).mean(axis=0)


def randomly(found: np.ndarray) -> np.ndarray:
    """The contributions dealt out to random columns."""
    return np.random.default_rng(0).permuted(found, axis=1)


def timed(call: Callable[[], object]) -> float:
    """Processor seconds of the better of two calls."""
    taken = []
    for _ in range(2):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return min(taken)


def benchmark(name: str, model: ModelRecord, table: Table, arguments: argparse.Namespace) -> dict:
    """Speed and faithfulness on held-out customers of one table."""
    generator = np.random.default_rng(0)
    order = np.argsort(-log_odds(model, table), kind="stable")
    half = arguments.customers // 2
    rows = np.concatenate([order[:half], generator.permutation(order[half:])[:half]])
    measured, draws = table.take(rows), spread(table, arguments.values, generator)
    explainer = Explainer(model)
    found = explainer.contributions(measured)
    truth = occluded(model, measured, draws)
    ways = {
        OWN: found,
        "column as if missing": as_if_missing(model, table)[rows],
        "value of one other customer": one_stranger(model, table)[rows],
        "distance from the middle": distance_from_middle(model, table)[rows],
        "random columns": randomly(found),
        "occlusion itself": truth,
    }
    most = truth.shape[1]
    result = {
        way: {
            **asdict(agreement(by, truth, REASONS)),
            "fall": fall(model, measured, leading(by, most), draws, REASONS),
        }
        for way, by in ways.items()
    }
    many = table.take(np.arange(arguments.rows) % len(table))
    scoring = timed(lambda: log_odds(model, many))
    explaining = timed(lambda: explainer.contributions(many))
    few = table.take(rows[:5])
    trying = timed(lambda: occluded(model, few, draws)) / len(few) * len(many)
    speed = {
        "rows_per_second": len(many) / explaining,
        "times_scoring": explaining / scoring,
        "faster_than_occlusion": trying / explaining,
    }
    show(name, most, result, speed)
    return {"faithfulness": result, **speed}


def show(name: str, columns: int, result: dict, speed: dict) -> None:
    """One Markdown table."""
    print(f"\n### {name}, {columns} columns\n")
    print(
        f"{speed['rows_per_second']:.0f} customers a processor second, "
        f"{speed['times_scoring']:.1f} times the work of scoring, "
        f"{speed['faster_than_occlusion']:.0f} times faster than occlusion\n"
    )
    print("| attribution | correlation | rank correlation | direction | shared | fall of 1, 2, 3 |")
    print("|---|---|---|---|---|---|")
    for way, found in result.items():
        falls = ", ".join(f"{value:.2f}" for value in found["fall"])
        print(
            f"| {way} | {found['correlation']:.3f} | {found['rank_correlation']:.3f} | "
            f"{found['sign']:.3f} | {found['shared']:.3f} | {falls} |"
        )
    sys.stdout.flush()


def cost_of_reasons(folder: Path, rows: int) -> dict[str, float]:
    """Processor seconds of scores, and with three reasons over without, on simulated customers."""
    predictor, (frame, _) = Predictor.load(folder), simulated(rows, seed=1)
    scoring = timed(lambda: predictor.predict_proba(frame))
    explaining = timed(lambda: predictor.reasons(frame, REASONS))
    return {
        "rows": rows,
        "scoring_seconds": round(scoring, 3),
        "reasons_seconds": round(explaining, 3),
        "reasons_ratio": round((scoring + explaining) / scoring, 2),
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", type=Path, help="folder with further tables")
    parser.add_argument("--only", help="names of tables, comma-separated")
    parser.add_argument("--customers", type=int, default=60, help="measured against occlusion")
    parser.add_argument("--values", type=int, default=10, help="that replace a column")
    parser.add_argument("--rows", type=int, default=2048, help="of the measurement of speed")
    parser.add_argument("--model", type=Path, help="stored model; measure its speed alone")
    arguments = parser.parse_args()
    if arguments.model:
        print(json.dumps(cost_of_reasons(arguments.model, arguments.rows)))
        return
    found = {}
    for name, X, y in tables(arguments.tables, arguments.only):
        shuffled = np.random.default_rng(0).permutation(len(y))
        train, test = np.split(shuffled, [3 * len(y) // 4])
        classifier = ChurnClassifier(random_state=0, n_threads=1, device="cpu")
        model = classifier.fit(X.iloc[train], y[train]).record_
        found[name] = benchmark(name, model, read(model.schema, X.iloc[test])[0], arguments)
    print()
    print(json.dumps({"cores": os.cpu_count(), "tables": found}))


if __name__ == "__main__":
    main()
