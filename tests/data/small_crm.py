"""A small telecom whose rows are few enough to work out by hand, or drawn by a seed."""

from datetime import date

import numpy as np
import pandas as pd

CUTOFF = date(2024, 8, 1)


def crm(n=60, seed=0):
    """Months April to August of `n` customers, calls as events, and who left when."""
    generator = np.random.default_rng(seed)
    ids = np.arange(1, n + 1)
    months = pd.to_datetime([f"2024-{m:02d}-01" for m in range(4, 9)])
    basic = pd.DataFrame(
        {
            "id": np.repeat(ids, 5),
            "month": np.tile(months, n),
            "gb": np.round(generator.gamma(2, 20, 5 * n), 2),
            "plan": generator.choice(["A", "B"], 5 * n),
            "status": "active",
        }
    )
    left = ids[: n // 4]
    basic.loc[basic["id"].isin(left) & (basic["month"] == months[-1]), "status"] = "gone"
    calls = pd.DataFrame(
        {
            "id": generator.choice(ids, 8 * n),
            "at": pd.Timestamp("2024-04-01")
            + pd.to_timedelta(generator.integers(0, 150 * 24 * 60, 8 * n), unit="min"),
            "minutes": np.round(generator.exponential(5, 8 * n), 1),
            "kind": generator.choice(["in", "out"], 8 * n),
        }
    )
    leavers = pd.DataFrame({"id": left, "on": pd.Timestamp("2024-08-10")})
    return {"basic": basic, "calls": calls, "leavers": leavers}


PLAN = {
    "base": "basic",
    "windows": {"cutoffs": ["2024-08-01"], "observation": "3 months", "outcome": "1 month"},
    "label": {"table": "basic", "kind": "status", "column": "status", "left": ["gone"]},
    "tables": {
        "basic": {"key": "id", "date": "month", "grain": "month"},
        "calls": {
            "key": "id",
            "date": "at",
            "columns": {
                "minutes": {"kind": "number"},
                "kind": {"kind": "category", "levels": ["in", "out"]},
            },
        },
        "leavers": {"key": "id", "date": "on", "columns": {}},
    },
    "features": {
        "basic": {
            "window": {
                "sum": ["gb"], "mean": ["gb"], "last": ["gb", "plan"], "trend": ["gb"],
                "min": ["gb"], "max": ["gb"], "first": ["gb"], "count": ["gb"],
            },
            "month": {"last": ["gb"]},
        },
        "calls": {
            "window": {
                "count": ["*"], "sum": ["minutes"], "mean": ["minutes"], "levels": ["kind"],
                "days_since": ["*"], "distinct": ["kind"], "last": ["minutes", "kind"],
                "trend": ["minutes"],
            },
            "month": {"count": ["*"], "sum": ["minutes"]},
        },
    },
    "ratios": {"growth": ["basic_gb_last", "basic_gb_mean"]},
}  # fmt: skip


def deep(base, changes):
    """`base` with nested `changes`; None takes a key away."""
    made = dict(base)
    for key, value in changes.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict) and isinstance(made.get(key), dict):
            made[key] = deep(made[key], value)
        else:
            made[key] = value
    return made
