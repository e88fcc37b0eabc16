"""Key users of large and of real call graphs, neighbours as features, and contagion recovered.

Run as ``python scripts/benchmark_graph.py``. ``--people 0`` leaves out the large graph, whose
seconds and memory are those of a process of its own; ``--tables FOLDER`` adds the calls of the
Copenhagen Networks study (``cns_calls.parquet``); ``--draw`` writes the picture of docs/graph.md.
Core numbers and PageRanks are compared with those of igraph where it is installed. The last line is
one JSON object.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from measuring import apart, peak_mb

from dbnchurn.core.sql import text_literal
from dbnchurn.data.neighbours import NeighbourFeatures
from dbnchurn.data.plan import DataPlan
from dbnchurn.data.simulate import simulate
from dbnchurn.data.simulate.calls import Contagion
from dbnchurn.graph import (
    CallGraph,
    GraphConfig,
    core_numbers,
    graph_of,
    key_users,
    pagerank,
    read_calls,
)
from dbnchurn.graph.contagion import estimate_contagion
from dbnchurn.graph.key_users import measured, reach_curve
from dbnchurn.graph.key_users_page import curve_picture
from dbnchurn.graph.reach import choose_seeds, simulated_reach, spread_of
from dbnchurn.tables.duckdb import Session

IMAGES = Path(__file__).parents[1] / "docs" / "images"
COMMUNITY = 100
CUTOFF = date(2024, 8, 1)
TRUE_CONTAGION = 3.0
NEAR = 0.3  # of the true contagion
FIRST_SEED = 100


def drawn_pairs(people: int, ties: int, seed: int = 0) -> tuple[Any, Any]:
    """Callers and callees: communities, a long tail of popular people, some ties both ways."""
    generator = np.random.default_rng(seed)
    caller = generator.integers(0, people, ties)
    near = caller // COMMUNITY * COMMUNITY + generator.integers(0, COMMUNITY, ties)
    far = (people * generator.random(ties) ** 2).astype(np.int64)
    callee = np.where(generator.random(ties) < 0.7, np.minimum(near, people - 1), far)
    back = np.flatnonzero(generator.random(ties // 2) < 0.4)  # of which each returns a call
    caller[2 * back + 1], callee[2 * back + 1] = callee[2 * back], caller[2 * back]
    return caller, callee


def write_large(folder: Path, people: int, ties: int) -> None:
    """Calls and departures as Parquet."""
    generator = np.random.default_rng(1)
    caller, callee = drawn_pairs(people, ties)
    day = np.datetime64("2024-05-01") + generator.integers(0, 92, ties).astype("timedelta64[D]")
    pq.write_table(pa.table({"id": caller, "to": callee, "day": day}), folder / "calls.parquet")
    gone = generator.choice(people, people // 30, replace=False)
    left = np.datetime64("2024-05-10") + generator.integers(0, 80, len(gone)).astype("m8[D]")
    pq.write_table(pa.table({"id": gone, "day": left}), folder / "gone.parquet")
    pq.write_table(pa.table({"id": np.arange(people)}), folder / "base.parquet")


def large(folder: Path) -> dict[str, float]:
    """Seconds and memory of this process for key users and for the features of neighbours."""
    config = GraphConfig(
        calls={"path": str(folder / "calls.parquet")}, caller="id", callee="to", date="day",
        memory="700MB",
    )  # fmt: skip
    start, used = time.perf_counter(), time.process_time()
    calls = read_calls(config)
    read_used = time.process_time()
    everybody = np.arange(len(calls.graph))
    rank, _, ((spread, seeds),) = measured(calls.graph, config, everybody)
    chosen, chosen_used = time.perf_counter(), time.process_time()
    reach_curve(calls, config, spread, seeds, rank)
    del calls, spread
    middle, half = time.perf_counter(), time.process_time()
    dated = {"key": "id", "date": "day"}
    plan = DataPlan.model_validate(
        {
            "base": "base", "windows": {"cutoffs": [CUTOFF], "observation": "3 months"},
            "label": {"table": "gone", "kind": "events"},
            "tables": {
                "base": {"path": str(folder / "base.parquet"), "key": "id"},
                "calls": {"path": str(folder / "calls.parquet"), **dated,
                          "columns": {"to": {"kind": "integer"}}},
                "gone": {"path": str(folder / "gone.parquet"), **dated},
            },
            "neighbours": {"calls": {"to": "to"}},
        }
    )  # fmt: skip
    assert plan.windows is not None
    with Session("1GB", 2) as session:
        for name, table in plan.tables.items():
            session.run(
                f"CREATE VIEW {name} AS SELECT * FROM read_parquet({text_literal(table.path)})"
            )
        for query in NeighbourFeatures(session, plan).queries(plan.windows.at(CUTOFF)):
            session.run(f"CREATE TABLE features AS {query.sql}")
    return {
        "seconds": chosen - start,
        "processor_seconds": chosen_used - used,
        "reading_processor_seconds": read_used - used,
        "curve_seconds": middle - chosen,
        "curve_processor_seconds": half - chosen_used,
        "features_seconds": time.perf_counter() - middle,
        "features_processor_seconds": time.process_time() - half,
        "peak_mb": peak_mb(),
    }


def in_own_process(people: int, ties: int) -> dict[str, float]:
    """What :func:`large` measures, in a process that has done nothing else."""
    with tempfile.TemporaryDirectory() as place:
        write_large(Path(place), people, ties)
        measured: dict[str, float] = apart(__file__, "--measure", place)
    return measured


def lead(graph: CallGraph, number: int, passes_on: float = 0.5) -> float:
    """Reach of seeds by expected reach over those by PageRank, in the calls that chose them."""
    spread = spread_of(graph, passes_on)
    orders = [
        choose_seeds(spread, number).people,
        np.argsort(-pagerank(graph), kind="stable")[:number],
        # PageRank that goes along calls in both directions, as word does.
        np.argsort(-pagerank(CallGraph(graph.ids, graph.both)), kind="stable")[:number],
    ]
    own, *others = (
        simulated_reach(spread, order, np.array([number]), cascades=100, random_state=0)[0][0]
        for order in orders
    )
    return float(own / max(others))


def copenhagen(tables: Path, folder: Path) -> dict[str, float]:
    """Reach over PageRank's among the students of the study; missed calls are left out."""
    path = folder / "copenhagen.parquet"
    source = text_literal(tables / "cns_calls.parquet")
    duckdb.sql(
        f"COPY (SELECT caller, callee, duration, TIMESTAMP '2014-01-01' + to_seconds(timestamp) AS "
        f"moment FROM {source}) TO {text_literal(path)} (FORMAT parquet)"
    )
    config = GraphConfig(
        calls={"path": str(path)}, caller="caller", callee="callee", date="moment",
        minutes="duration", negative_minutes="leave_out", seeds=10, cascades=500,
    )  # fmt: skip
    found = key_users(config)
    return {
        "copenhagen": lead(found.calls.graph, 10),
        "copenhagen_later_calls": found.curve.over_pagerank,
    }


def beside_igraph() -> dict[str, Any]:
    """Whether core numbers equal igraph's, and how PageRanks correlate; nothing without igraph."""
    if importlib.util.find_spec("igraph") is None:
        return {"core_equal": None, "pagerank_correlation": None}
    import igraph

    caller, callee = drawn_pairs(100_000, 1_000_000)
    graph = graph_of(np.arange(100_000), caller, callee, np.ones(len(caller)))
    row, column = graph.both.nonzero()
    other = igraph.Graph(len(graph), np.column_stack([row, column])[row < column].tolist())
    ties = graph.ties.tocoo()
    pairs = np.column_stack([ties.row, ties.col]).tolist()
    rank = igraph.Graph(len(graph), pairs, directed=True).pagerank(weights=ties.data.tolist())
    return {
        "core_equal": bool((core_numbers(graph) == np.array(other.coreness())).all()),
        "pagerank_correlation": round(float(np.corrcoef(pagerank(graph), rank)[0, 1]), 6),
    }


def contagion(folder: Path, customers: int) -> dict[str, float]:
    """Estimates in two simulations: contagion of 3, and homophily alone without a score."""
    found = {}
    for name, truth in (
        ("contagion", Contagion(TRUE_CONTAGION, 0.5)),
        ("homophily", Contagion(0.0, 0.9)),
    ):
        made = simulate(folder / name, customers=customers, months=24, dirt=0, calls=truth)
        table = pd.read_parquet(made / "truth")
        score = (
            table["alone"] if name == "contagion" else np.full(len(table), table["churned"].mean())
        )
        estimate = estimate_contagion(table["share_left"], table["churned"], score)
        print(f"{name}: {estimate}", flush=True)
        found[name] = estimate.coefficient
    return found


def contagion_over(seeds: int, customers: int, folder: Path) -> dict[str, float]:
    """How often intervals of 95 % hold the truth, and contagion is claimed where there is none.

    Given all other reasons for leaving, where an interval should lie above 0 for one simulation in
    forty, and given none of them, where homophily looks like contagion.
    """
    if not seeds:
        return {}
    covered, near, false, alike = [], [], [], []
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        for place, truth in enumerate((Contagion(TRUE_CONTAGION, 0.5), Contagion(0.0, 0.9))):
            made = simulate(
                folder / f"{seed}-{place}", customers=customers, months=24, dirt=0, calls=truth,
                random_state=seed,
            )  # fmt: skip
            table = pd.read_parquet(made / "truth")
            shutil.rmtree(made)
            share, left, groups = table["share_left"], table["churned"], table["customer_id"]
            found = estimate_contagion(share, left, table["alone"], groups.to_numpy())
            if place == 0:
                covered.append(found.low <= TRUE_CONTAGION <= found.high)
                near.append(abs(found.coefficient - TRUE_CONTAGION) <= NEAR)
                continue
            false.append(found.low > 0)
            nothing = np.full(len(table), left.mean())
            alike.append(estimate_contagion(share, left, nothing, groups.to_numpy()).low > 0)
    return {
        "contagion_seeds": seeds,
        "contagion_coverage_95": float(np.mean(covered)),
        "contagion_within_0.3": float(np.mean(near)),
        "false_contagion_given_reasons": float(np.mean(false)),
        "false_contagion_given_nothing": float(np.mean(alike)),
    }


def draw(folder: Path) -> None:
    """The picture of docs/graph.md: the reach of key users of the simulated telecom."""
    config = GraphConfig(
        calls={"path": str(folder / "contagion" / "calls")}, caller="caller", callee="callee",
        date="moment", start="2024-08-01", until="2024-11-01", seeds=200,
    )  # fmt: skip
    found = key_users(config)
    (IMAGES / "graph_reach.svg").write_text(curve_picture(found.curve).svg, encoding="utf-8")
    print(f"simulated telecom, later calls: {found.curve.over_pagerank:.3f} of PageRank's reach")


def main() -> None:
    """Measure, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--ties", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=20, help="Simulations of half the customers.")
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--draw", action="store_true")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure is not None:
        print(json.dumps(large(asked.measure)))
        return
    measured = in_own_process(asked.people, asked.ties) if asked.people else {}
    print(measured, flush=True)
    caller, callee = drawn_pairs(50_000, 300_000)
    weights = np.random.default_rng(2).geometric(0.4, len(caller))
    over = {"synthetic_50000": lead(graph_of(np.arange(50_000), caller, callee, weights), 500)}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if asked.tables is not None:
            over |= copenhagen(asked.tables, folder)
        estimates = contagion(folder, asked.customers)
        over_seeds = (
            contagion_over(asked.seeds, asked.customers // 2, folder) if asked.seeds else {}
        )
        print(over_seeds, flush=True)
        if asked.draw:
            draw(folder)
    result = {
        "seconds_10m": measured.get("seconds"),
        "processor_seconds_10m": measured.get("processor_seconds"),
        "reading_processor_seconds_10m": measured.get("reading_processor_seconds"),
        "curve_processor_seconds_10m": measured.get("curve_processor_seconds"),
        "features_seconds_10m": measured.get("features_seconds"),
        "features_processor_seconds_10m": measured.get("features_processor_seconds"),
        "peak_mb_10m": measured.get("peak_mb"),
        **beside_igraph(),
        "contagion_error": abs(estimates["contagion"] - TRUE_CONTAGION),
        "homophily_looks_like": estimates["homophily"],
        **over_seeds,
        "reach_over_pagerank": over,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
