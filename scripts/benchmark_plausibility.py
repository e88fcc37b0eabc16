"""How well rows that were read wrongly are told from others: the plausibility of a model and peers.

Every draw divides a table into training rows (60 %) and fresh rows. Of the fresh rows a copy is
spoiled; AUROC is that of spoiled against clean rows. Faults: 15 % of the cells taken from other
rows; a third of the columns joined to the wrong rows; numbers shifted by one column; one number
multiplied by 1,000; two numbers that are swapped. Methods: the machine of `Plausibility`;
Mahalanobis distance and isolation forest on standardised columns with categories one-hot; the same
machine with one epoch of training; and one booster per column, which predicts its bin from the
other columns. The false alarms are the fresh rows as odd as 1 in 100 and 1 in 1,000, over what is
expected. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import xgboost as xgb
from benchmark_tables import machine, paired_interval, tables
from sklearn.covariance import LedoitWolf
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from dbnchurn.core.parallel import available_processors
from dbnchurn.features import Plausibility, PlausibilityRecord
from dbnchurn.features.plausibility_record import bins_of, examine_rows, surprise
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Table

Score = Callable[[Table], np.ndarray]
FAULTS = ("cells", "misjoined", "shifted", "thousands", "swapped")


def spoiled(table: Table, fault: str, generator: np.random.Generator) -> Table:
    """A copy of the rows with a fault."""
    numbers, codes, n = table.numbers.copy(), table.codes.copy(), len(table)
    width = numbers.shape[1] + codes.shape[1]
    columns = [(numbers, j) for j in range(numbers.shape[1])]
    columns += [(codes, j) for j in range(codes.shape[1])]
    real = [j for j in range(numbers.shape[1]) if len(np.unique(numbers[:, j])) > 10]
    if fault == "cells":
        for part, j in columns:
            rows = np.flatnonzero(generator.random(n) < 0.15)
            part[rows, j] = part[generator.integers(0, n, len(rows)), j]
    elif fault == "misjoined":
        order = generator.permutation(n)
        for place in generator.choice(width, max(1, width // 3), replace=False):
            part, j = columns[place]
            part[:, j] = part[order, j]
    elif fault == "shifted":
        numbers = np.roll(numbers, 1, axis=1)
    elif fault == "thousands":
        numbers[:, generator.choice(real)] *= 1000
    else:
        first, second = generator.choice(real, 2, replace=False)
        numbers[:, [first, second]] = numbers[:, [second, first]]
    return replace(table, numbers=numbers, codes=codes)


def by_machine(record: PlausibilityRecord) -> Score:
    """Score of a machine."""
    return lambda table: surprise(record, table).sum(axis=1)


def _dense(train: Table) -> Score:
    """Columns standardised, gaps at the mean, categories one-hot."""
    center, scale = np.nanmean(train.numbers, axis=0), np.nanstd(train.numbers, axis=0)

    def of(table: Table) -> np.ndarray:
        numbers = (table.numbers - center) / np.where(scale > 0, scale, 1)
        levels = [table.codes[:, [j]] == np.arange(size) for j, size in enumerate(table.sizes)]
        return np.nan_to_num(np.hstack([numbers, *levels]))

    return of


def by_mahalanobis(train: Table) -> Score:
    """Mahalanobis distance with a shrunk covariance."""
    dense = _dense(train)
    fitted = LedoitWolf().fit(dense(train))
    return lambda table: fitted.mahalanobis(dense(table))


def by_isolation_forest(train: Table) -> Score:
    """Isolation forest of 200 trees."""
    dense = _dense(train)
    fitted = IsolationForest(n_estimators=200, random_state=0).fit(dense(train))
    return lambda table: -fitted.score_samples(dense(table))


def by_boosters(train: Table, record: PlausibilityRecord) -> Score:
    """One booster per column predicts its bin from the other columns as they are."""
    first, absent = np.cumsum(record.sizes) - record.sizes, int(record.sizes.sum())

    def parts(table: Table) -> tuple[np.ndarray, np.ndarray]:
        codes = np.where(table.codes < 0, np.nan, table.codes.astype(float))
        return bins_of(record, table), np.hstack([table.numbers, codes])

    places, X = parts(train)
    boosters = []
    for column, size in enumerate(record.sizes):
        known = places[:, column] < absent
        y, others = places[known, column] - first[column], np.delete(X, column, axis=1)[known]
        present, labels = np.unique(y, return_inverse=True)
        booster = None
        if len(present) > 1:
            parameters = {
                "objective": "multi:softprob",
                "num_class": len(present),
                "max_depth": 3,
                "eta": 0.2,
                "nthread": 1,
                "subsample": 0.8,
            }
            booster = xgb.train(parameters, xgb.DMatrix(others, labels), 30)
        boosters.append((booster, present, int(size)))

    def of(table: Table) -> np.ndarray:
        places, X = parts(table)
        total = np.zeros(len(table))
        for column, (booster, present, size) in enumerate(boosters):
            if booster is None:
                continue
            known = places[:, column] < absent
            shares = np.full((int(known.sum()), size), 1 / len(train))
            others = np.delete(X, column, axis=1)[known]
            shares[:, present] = np.maximum(booster.predict(xgb.DMatrix(others)), 1 / len(train))
            at = places[known, column]
            own = shares[np.arange(len(at)), at - first[column]]
            total[known] -= np.log(own) + record.discount[at]
        return total

    return of


def main() -> None:
    """Print a table of AUROC per fault and method, then speed and false alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, help="folder with iranian_churn.parquet")
    parser.add_argument("--only", help="names of tables, comma-separated")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the timing")
    parser.add_argument("--boosters", type=int, default=1, help="draws with boosters per column")
    options = parser.parse_args()
    auroc: dict[str, dict[str, dict[str, list[float]]]] = {}
    alarms: dict[int, list[float]] = {100: [], 1000: []}
    speeds = []
    for name, frame, _ in tables(options.tables, options.only):
        whole = read(infer(frame), frame)[0]
        found = auroc.setdefault(name, defaultdict(lambda: defaultdict(list)))
        for draw in range(options.draws):
            generator = np.random.default_rng(draw)
            order = generator.permutation(len(whole))
            cut = int(0.6 * len(order))
            train, fresh = whole.take(order[:cut]), whole.take(order[cut:])
            record = Plausibility().fit(train, generator=generator).record_
            methods = {
                "machine": by_machine(record),
                "Mahalanobis": by_mahalanobis(train),
                "isolation forest": by_isolation_forest(train),
                "untrained machine": by_machine(
                    Plausibility(epochs=1, folds=2).fit(train, generator=generator).record_
                ),
            }
            if draw < options.boosters:
                methods["boosters"] = by_boosters(train, record)
            clean = {method: score(fresh) for method, score in methods.items()}
            for fault in FAULTS:
                bad = spoiled(fresh, fault, generator)
                y = np.repeat([0, 1], len(fresh))
                for method, score in methods.items():
                    both = np.concatenate([clean[method], score(bad)])
                    found[fault][method].append(float(roc_auc_score(y, both)))
            rarity, _ = examine_rows(record, fresh)
            for n, ratios in alarms.items():
                ratios.append(float((rarity >= n).mean() * n))

        many = fresh.take(np.arange(options.rows) % len(fresh))
        start = perf_counter()
        examine_rows(record, many, n_threads=min(2, available_processors()))
        speeds.append(options.rows / (perf_counter() - start))
        print(f"{name}: {len(record.sizes)} columns, {speeds[-1]:,.0f} rows a second")
        for fault in FAULTS:
            shown = ", ".join(f"{m} {np.mean(v):.3f}" for m, v in found[fault].items())
            print(f"{name}, {fault}: {shown}", flush=True)
    _print_result(auroc, alarms, min(speeds))


def _print_result(
    auroc: dict[str, dict[str, dict[str, list[float]]]],
    alarms: dict[int, list[float]],
    speed: float,
) -> None:
    every = {method for found in auroc.values() for method in found["cells"]}
    mean = {
        fault: {
            m: round(float(np.mean([np.mean(found[fault][m]) for found in auroc.values()])), 3)
            for m in sorted(every)
            if all(found[fault][m] for found in auroc.values())
        }
        for fault in FAULTS
    }
    for method in sorted(every - {"machine"}):
        differences = np.concatenate(
            [
                np.subtract(
                    found["cells"]["machine"][: len(found["cells"][method])], found["cells"][method]
                )
                for found in auroc.values()
            ]
        )
        middle, low, high = paired_interval(differences)
        print(f"cells, machine - {method}: {middle:+.3f} [{low:+.3f}, {high:+.3f}]")
    print(f"{speed:,.0f} rows a second or more; {machine()}")
    result = {
        "auroc": mean["cells"],
        "auroc_by_fault": mean,
        "rows_per_second": round(speed),
        "false_alarm_ratio": {str(n): round(float(np.mean(v)), 3) for n, v in alarms.items()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
