"""Call records with known communities, as tables and as graphs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dbnchurn.graph.call_graph import CallGraph, graph_of
from dbnchurn.graph.config import GraphConfig

HUB = 5_000


def make_calls(seed: int = 0, people: int = 300, rows: int = 6_000) -> pd.DataFrame:
    """Calls within communities of 15, some to anybody, and many to one number that calls nobody."""
    generator = np.random.default_rng(seed)
    caller = generator.integers(0, people, rows)
    near = caller // 15 * 15 + generator.integers(0, 15, rows)
    callee = np.where(generator.random(rows) < 0.85, near, generator.integers(0, people, rows))
    callee = np.where(generator.random(rows) < 0.06, HUB, callee)
    day = np.datetime64("2026-05-01") + generator.integers(0, 60, rows).astype("timedelta64[D]")
    minutes = np.round(generator.exponential(3.0, rows), 2)
    return pd.DataFrame({"from": caller, "to": callee, "day": day, "minutes": minutes})


def random_graph(seed: int, n: int = 60, ties: int = 150) -> CallGraph:
    """A graph without structure, with some people alone."""
    generator = np.random.default_rng(seed)
    caller, callee = generator.integers(0, n - 3, (2, ties))
    return graph_of(np.arange(n), caller, callee, generator.integers(1, 5, ties))


@pytest.fixture(scope="session")
def call_rows() -> pd.DataFrame:
    return make_calls()


@pytest.fixture
def config(tmp_path):
    """Writes a table and gives the config that reads it."""

    def make(frame: pd.DataFrame, ending: str = "parquet", **changes: object) -> GraphConfig:
        path = tmp_path / f"calls.{ending}"
        if ending == "csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_parquet(path)
        plain = {
            "calls": {"path": str(path)}, "caller": "from", "callee": "to", "date": "day",
            "minutes": "minutes", "seeds": 5, "cascades": 20,
        }  # fmt: skip
        return GraphConfig.model_validate({**plain, **changes})

    return make
