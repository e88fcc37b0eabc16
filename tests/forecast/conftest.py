"""Histories with known rates of leaving, as tables and as arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dbnchurn.forecast.config import ForecastConfig

MONTHS = 22


def make_customers(seed: int = 0, n: int = 600, months: int = MONTHS) -> pd.DataFrame:
    """Rows by customer and month: two segments, and one in fifty who joins every month."""
    generator = np.random.default_rng(seed)
    rows = []
    joins = np.concatenate([np.zeros(n, int), np.repeat(np.arange(1, months), n // 50)])
    segment = generator.choice(["fibre", "dsl"], len(joins), p=[0.6, 0.4])
    for customer, first in enumerate(joins):
        rate = 0.03 if segment[customer] == "fibre" else 0.06
        for month in range(first, months):
            left = generator.random() < rate
            rows.append((f"c{customer:05d}", month, segment[customer], int(left)))
            if left:
                break
    frame = pd.DataFrame(rows, columns=["id", "place", "segment", "left"])
    frame["month"] = pd.date_range("2024-01-01", periods=months, freq="MS")[frame.pop("place")]
    frame["bill"] = np.where(frame["segment"] == "fibre", 30.0, 20.0)
    return frame


@pytest.fixture(scope="session")
def customer_months() -> pd.DataFrame:
    return make_customers()


@pytest.fixture
def config(tmp_path):
    """Writes a table and gives the config that reads it."""

    def make(frame: pd.DataFrame, **changes: object) -> ForecastConfig:
        path = tmp_path / "months.parquet"
        frame.to_parquet(path)
        plain = {
            "history": {"path": str(path)}, "id": "id", "month": "month", "left": "left",
            "segment": "segment", "revenue": "bill", "currency": "EUR", "horizon": 3,
            "sample": 5000,
        }  # fmt: skip
        return ForecastConfig.model_validate({**plain, **changes})

    return make
