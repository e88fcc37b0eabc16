"""What becomes of tables as people have them: kinds of values × paths, and random tables.

    python scripts/check_tables.py [--fuzz 10000] [--jobs 2]

Prints the table of cells: `+` the right value, `?` asked, `-` refused, `X` wrong. The last line
is one JSON object: ``cells``, ``right``, ``asked``, ``refused``, ``wrong``, ``fuzzed`` and
``fuzz_wrong``.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.tables.cells import (
    CELLS,
    TEXT_CASES,
    TEXT_PATHS,
    TYPED_CASES,
    TYPED_PATHS,
    outcome,
)
from tests.tables.fuzz import fuzzed

MARKS = {"right": "+", "asked": "?", "refused": "-", "wrong": "X"}
WIDTH = 44


def main() -> None:
    """Print the cells, then the counts of the random tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fuzz", type=int, default=10_000, help="number of random tables")
    parser.add_argument("--jobs", type=int, default=2, help="processes for the random tables")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    found = {(case.name, path): outcome(case, values) for case, path, values in CELLS}
    for cases, paths in ((TEXT_CASES, TEXT_PATHS), (TYPED_CASES, TYPED_PATHS)):
        for number, path in enumerate(paths):
            print(f"{'':{WIDTH}}{' |' * number} {path}")
        for case in cases:
            marks = " ".join(MARKS[found[case.name, path][0]] for path in paths)
            print(f"{case.name:{WIDTH}} {marks}")
        print()
    counts = Counter(kind for kind, _ in found.values())
    for (case, path), (kind, message) in found.items():
        if kind == "wrong":
            print(f"wrong: {case}, {path}: {message}")
    with ProcessPoolExecutor(options.jobs) as pool:
        tables = list(pool.map(fuzzed, range(options.fuzz), chunksize=50))
    outcomes = Counter(kind for kind, _ in tables)
    print(f"random tables: {dict(outcomes)}")
    for kind, message in tables:
        if kind == "wrong":
            print(f"wrong: {message}")
    result = {"cells": len(found), **{kind: counts[kind] for kind in MARKS}}
    print(json.dumps({**result, "fuzzed": len(tables), "fuzz_wrong": outcomes["wrong"]}))


if __name__ == "__main__":
    main()
