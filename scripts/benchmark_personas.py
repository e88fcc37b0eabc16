"""Personas and portraits: planted groups, stability on real tables, time and memory of a million.

Run as ``python scripts/benchmark_personas.py --tables FOLDER``. The folder holds real tables as
Parquet files, of which those that it has are taken: IBM's sample tables (``ibm_telco_services``,
``ibm_telco_demographics``), ``bank_marketing``, ``iranian_churn`` and ``hillstrom``. The
customers of a TV operator come with the empulse package. Outcomes, and what is known only after
them, are left out. ``--rows`` is the size of the large tables. Seconds are those of the processor.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from measuring import apart, peak_mb

from dbnchurn.personas import Personas
from dbnchurn.personas.stability import adjusted_rand_index
from dbnchurn.portraits import PortraitConfig, write_portraits
from dbnchurn.tables.samples import read_sample

SEEDS = range(3)  # of planted tables
GROUPS = 4  # that are planted
ID = "Customer ID"
LEFT_OUT = {  # outcomes, names of rows, and what is known after the outcome
    "bank_marketing": ["y", "subscribed", "deposit", "duration"],
    "iranian_churn": ["Churn", "churn", "FN", "FP"],
    "hillstrom": ["segment", "visit", "conversion", "spend"],
}
CHUNK = 100_000  # rows of a large table that are made at a time


def planted(n: int, seed: int) -> tuple[pd.DataFrame, Any]:
    """Four groups of unlike sizes in numbers, a flag, a category and noise; and which is whose."""
    generator = np.random.default_rng(seed)
    group = generator.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    frame = pd.DataFrame(
        {
            "tenure": generator.normal(np.array([5, 30, 60, 30])[group], 4),
            "spend": np.exp(generator.normal(np.array([2, 4, 3, 6])[group], 0.4)),
            "calls": generator.poisson(np.array([2, 20, 8, 40])[group]).astype(float),
            "online": generator.random(n) < np.array([0.95, 0.05, 0.9, 0.1])[group],
            "plan": np.array(["S", "M", "L", "XL"])[
                np.where(generator.random(n) < 0.9, group, generator.integers(0, 4, n))
            ],
            "noise": generator.normal(size=n),
        }
    )
    return frame.mask(generator.random(frame.shape) < 0.05), group


def real_tables(folder: Path | None) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and columns of every real table that is there."""
    yield "tv", read_sample("tv_subscriptions").drop(columns=["customer", "churn"])
    if folder is None:
        return
    ibm = [folder / f"ibm_telco_{part}.parquet" for part in ("demographics", "services")]
    if all(path.exists() for path in ibm):
        one, other = (pd.read_parquet(path).drop(columns=["Count"]) for path in ibm)
        joined = one.merge(other.drop(columns=["Quarter"]), on=ID)
        yield "ibm", joined.drop(columns=[ID, "Total Charges"])
    for name, columns in LEFT_OUT.items():
        path = folder / f"{name}.parquet"
        if path.exists():
            yield name, pd.read_parquet(path).drop(columns=columns, errors="ignore")


def found(name: str, frame: pd.DataFrame) -> dict[str, float]:
    """How stable the personas of a table are, and how far a small tree reproduces them."""
    personas = Personas(random_state=0).fit(frame)
    record = personas.record_
    print(
        f"{name}: {len(frame)} customers, {len(record.names)} personas, stability "
        f"{record.stability.ari:.3f} on draws that did not choose the number, tree "
        f"{record.tree_agreement:.3f}",
        flush=True,
    )
    return {"stability": record.stability.ari, "tree": record.tree_agreement}


def wide(n: int, seed: int = 0) -> pd.DataFrame:
    """A million customers of five groups: 25 numbers, 4 flags and 4 categories, with gaps."""
    generator = np.random.default_rng(seed)
    group = generator.integers(0, 5, n)
    columns: dict[str, Any] = {}
    for j in range(25):
        level = np.random.default_rng(100 + j).normal(0, 1.5, 5)
        columns[f"number{j}"] = (level[group] + generator.normal(size=n)).astype(np.float32)
    for j in range(4):
        share = np.random.default_rng(200 + j).random(5)
        columns[f"flag{j}"] = generator.random(n) < share[group]
    for j in range(4):
        drawn = np.where(generator.random(n) < 0.7, group, generator.integers(0, 6, n))
        columns[f"category{j}"] = pd.Categorical.from_codes(drawn, list("ABCDEF"))
    columns["number0"][generator.random(n) < 0.1] = np.nan
    return pd.DataFrame(columns)


def fit_large(n: int) -> dict[str, float]:
    """Seconds and memory of finding personas among many customers and assigning all."""
    frame = wide(n)
    before, start = peak_mb(), time.perf_counter()
    began = time.process_time()
    Personas(random_state=0).fit(frame)
    return {
        "seconds": time.process_time() - began,
        "wall": time.perf_counter() - start,
        "peak_mb": peak_mb(),
        "table_mb": before,
    }


def portrait_tables(folder: Path, n: int) -> PortraitConfig:
    """Tables of many customers, written in pieces: 16 columns, scores with reasons, log, plan."""
    writers: dict[str, pq.ParquetWriter] = {}
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        generator = np.random.default_rng(start)
        ids = np.char.add("C", np.arange(start, start + size).astype(str)).astype(object)
        table = wide(size, start).iloc[:, 15:31]
        probability = generator.beta(1, 8, size)
        some = generator.random(size) < 0.3
        pieces = {
            "customers": table.assign(id=ids),
            "scores": pd.DataFrame(
                {"id": ids, "probability": probability, "decision": probability > 0.3,
                 "risk": np.where(probability > 0.3, "high", "low"), "model": "m",
                 **{f"reason_{k}": "number20: 1.5 (raises risk)" for k in (1, 2, 3)},
                 **{f"column_{k}": "number20" for k in (1, 2, 3)}}
            ),
            "personas": pd.DataFrame({"id": ids, "persona": generator.choice(list("ABCDE"), size)}),
            "log": pd.DataFrame(
                {"customer": ids[some], "campaign": "spring", "offer": "discount",
                 "channel": "mail", "arm": "contact", "contact_date": pd.Timestamp("2026-03-01")}
            ),
            "plan": pd.DataFrame(
                {"customer": ids[~some][: size // 10], "offer": "upgrade", "channel": "call",
                 "arm": "contact", "value": 12.5, "cost": 2.0, "reason": "worth a call"}
            ),
        }  # fmt: skip
        for name, piece in pieces.items():
            rows = pa.Table.from_pandas(piece, preserve_index=False)
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", rows.schema)
            writers[name].write_table(rows)
    for writer in writers.values():
        writer.close()
    day = date(2026, 8, 31)
    shown = [name for name in table.columns if name != "id"]
    sources = {n: {"path": str(folder / f"{n}.parquet"), "as_of": day} for n in writers}
    return PortraitConfig.model_validate(
        {"id": "id", "basic": shown[:4], "behaviour": shown[4:12], "social": shown[12:], **sources}
    )


def write_large(n: int) -> dict[str, float]:
    """Profiles a second, and memory while they are written."""
    with tempfile.TemporaryDirectory() as place:
        config = portrait_tables(Path(place), n)
        before, start = peak_mb(), time.perf_counter()
        began = time.process_time()
        write_portraits(config, profiles=Path(place, "profiles.jsonl"))
        wall, spent = time.perf_counter() - start, time.process_time() - began
        size = Path(place, "profiles.jsonl").stat().st_size / 2**20
    return {"seconds": spent, "wall": wall, "peak_mb": peak_mb(), "before_mb": before, "mb": size}


def main() -> None:
    """Measure everything, or one large table in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, help="folder of real tables")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the large tables")
    parser.add_argument("--part", choices=["fit", "profiles"], help="measure this alone")
    chosen = parser.parse_args()
    if chosen.part is not None:
        print(json.dumps((fit_large if chosen.part == "fit" else write_large)(chosen.rows)))
        return
    recovered: dict[int | None, list[float]] = {None: [], GROUPS: []}
    for seed in SEEDS:
        frame, group = planted(4_000, seed)
        for number, indices in recovered.items():
            personas = Personas(n_personas=number, random_state=seed).fit(frame)
            indices.append(adjusted_rand_index(personas.labels_.fillna("not known"), group))
            print(
                f"planted, seed {seed}: {len(personas.record_.names)} personas, number "
                f"{'given' if number else 'chosen'}, adjusted Rand index {indices[-1]:.3f}",
                flush=True,
            )
    tables = {name: found(name, frame) for name, frame in real_tables(chosen.tables)}
    fit = apart(__file__, "--rows", chosen.rows, "--part", "fit")
    print(f"{chosen.rows} customers × 33 columns: {fit}", flush=True)
    profiles = apart(__file__, "--rows", chosen.rows, "--part", "profiles")
    print(f"{chosen.rows} profiles: {profiles}", flush=True)
    agreement = [table["tree"] for table in tables.values()]
    measured = {
        "planted_ari": min(recovered[None]),
        "planted_ari_number_given": min(recovered[GROUPS]),
        "stability": {name: round(table["stability"], 3) for name, table in tables.items()},
        "tree_agreement": float(np.mean(agreement)),
        "seconds_1m": fit["seconds"],
        "peak_mb_1m": fit["peak_mb"],
        "profiles_per_second": chosen.rows / profiles["seconds"],
        "wall_profiles": profiles["wall"],
        "peak_mb_profiles": profiles["peak_mb"],
        "rows": chosen.rows,
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
