"""Finds features that see beyond the cutoff, by building them without what comes after."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pandas as pd

from dbnchurn.data.build import Built, build
from dbnchurn.data.joins import CUTOFF
from dbnchurn.data.leakage import Leak
from dbnchurn.data.plan import DataPlan


def may_foresee(plan: DataPlan) -> bool:
    """Whether a table's rows are not told apart by a date, so that they may know the future.

    Aggregates of dated tables exclude the cutoff and what follows by their making.
    """
    return plan.windows is not None and any(t.query is not None for t in plan.tables.values())


def foreseeing(built: Built, cutoff: date, *, n_threads: int | None = None) -> list[Leak]:
    """Features that change when every row from the cutoff on is hidden.

    The outcome window is then empty, so whatever changes has looked into it.

    Parameters
    ----------
    built : Built
        As it was built for training.
    cutoff : date
    n_threads : int, optional
    """
    plan: DataPlan = built.plan
    with tempfile.TemporaryDirectory(prefix="dbnchurn-") as folder:
        blind = build(
            plan, Path(folder, "blind"), cutoffs=[cutoff], labelled=False, until=cutoff,
            n_threads=n_threads,
        )  # fmt: skip
        seen, unseen = pd.read_parquet(built.features), pd.read_parquet(blind.features)
    key = plan.tables[plan.base].key
    seen = seen[pd.to_datetime(seen[CUTOFF]) == pd.Timestamp(cutoff)].set_index(key)
    unseen = unseen.set_index(key)
    both = seen.index.intersection(unseen.index)
    leaks = []
    for name in unseen.columns.drop(CUTOFF):
        one, other = seen.loc[both, name], unseen.loc[both, name]
        differ = int((~((one == other) | (one.isna() & other.isna()))).sum())
        if differ:
            leaks.append(
                Leak(
                    "outcome_window",
                    name,
                    f"{differ} customers differ without what follows {cutoff}",
                )
            )
    return leaks
