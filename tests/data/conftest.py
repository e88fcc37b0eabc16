"""Builds from small tables."""

from copy import deepcopy

import pytest

from dbnchurn.data.build import build
from dbnchurn.data.plan import DataPlan
from tests.data.small_crm import PLAN, crm, deep


@pytest.fixture
def make(tmp_path):
    """Write tables and build: ``make(tables, changes of the plan, ...)`` → Built."""
    count = iter(range(1000))

    def run(tables=None, changes=None, writer="parquet", **how):
        folder = tmp_path / f"{next(count)}"
        folder.mkdir()
        tables = crm() if tables is None else tables
        plan = deepcopy(deep(PLAN, changes or {}))
        for name, frame in tables.items():
            if name in plan["tables"] and not {"query", "path"} & set(plan["tables"][name]):
                path = folder / f"{name}.{writer}"
                if writer == "csv":
                    frame.to_csv(path, index=False)
                else:
                    frame.to_parquet(path, index=False)
                plan["tables"][name] = {**plan["tables"][name], "path": str(path)}
        return build(DataPlan.model_validate(plan), folder / "out", n_threads=1, **how)

    return run
