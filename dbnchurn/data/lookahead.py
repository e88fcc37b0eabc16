"""Find features that use rows from the cutoff on, by building them without these rows."""

from __future__ import annotations

from datetime import date

import pandas as pd

from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.data.build import Built, build
from dbnchurn.data.joins import CUTOFF
from dbnchurn.data.leakage import Leak
from dbnchurn.data.plan import DataPlan


def can_look_ahead(plan: DataPlan) -> bool:
    """Whether a table is made by a query, so that its values may use rows after the cutoff.

    Aggregates of tables with dates exclude rows from the cutoff on by construction.
    """
    return plan.windows is not None and any(t.query is not None for t in plan.tables.values())


def find_lookahead(built: Built, cutoff: date, *, n_threads: int | None = None) -> list[Leak]:
    """Features that change when every row from the cutoff on is hidden.

    Parameters
    ----------
    built : Built
        The table that was built for training.
    cutoff : date
        One of its cutoffs.
    n_threads : int, optional
        By default the number that DuckDB chooses.

    Returns
    -------
    list of Leak
        One for every feature that changes.
    """
    plan: DataPlan = built.plan
    with ScratchFolder() as folder:
        hidden = build(
            plan, folder / "hidden", cutoffs=[cutoff], labelled=False, until=cutoff,
            n_threads=n_threads,
        )  # fmt: skip
        full, past = pd.read_parquet(built.features), pd.read_parquet(hidden.features)
    key = plan.tables[plan.base].key
    full = full[pd.to_datetime(full[CUTOFF]) == pd.Timestamp(cutoff)].set_index(key)
    past = past.set_index(key)
    both = full.index.intersection(past.index)
    leaks = []
    for name in past.columns.drop(CUTOFF):
        with_all, with_past = full.loc[both, name], past.loc[both, name]
        same = (with_all == with_past) | (with_all.isna() & with_past.isna())
        differ = int((~same).sum())
        if differ:
            leaks.append(
                Leak(
                    "outcome_window",
                    name,
                    f"{differ} customers differ without what follows {cutoff}",
                )
            )
    return leaks
