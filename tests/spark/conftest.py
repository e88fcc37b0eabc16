"""The plan of a small telecom with files."""

from copy import deepcopy

import pandas as pd
import pyarrow.parquet as pq
import pytest

from dbnchurn.data.build import build
from dbnchurn.data.plan import DataPlan
from tests.data.small_crm import PLAN, crm, deep

CHANGES = {
    "windows": {"cutoffs": ["2024-07-01", "2024-08-01"], "observation": "2 months"},
    "tables": {
        "basic": {"max_quarantine": 0.2},
        "calls": {"key_kind": "number", "max_quarantine": 0.2},
        "tariffs": {
            "key": "plan",
            "max_quarantine": 0.3,
            "grain": "lookup",
            "through": {"table": "plans", "column": "plan"},
        },
        "plans": {"key": "id", "columns": {"plan": {"kind": "category"}}},
    },
    "features": {"tariffs": {"values": "all"}},
}


def tables():
    """Months, calls as CSV with rows without a key and a broken line, a lookup, and repeats."""
    made = crm(40)
    basic = made["basic"]
    made["basic"] = pd.concat([basic, basic.head(7), basic.head(3).assign(gb=1.5)])
    calls = made["calls"].astype({"id": "Int64"})
    calls.loc[calls.index[:16], "id"] = pd.NA
    made["calls"] = calls
    made["tariffs"] = pd.DataFrame({"plan": ["A", "B", "C"], "price": [10.0, 20.5, 1.0]})
    made["plans"] = pd.DataFrame({"id": range(1, 41), "plan": ["A", "B"] * 20})
    return made


def written(folder, made, changes=CHANGES, as_csv=("calls", "tariffs")):
    """The plan of some tables, which are written into a folder."""
    plan = deepcopy(deep(PLAN, changes))
    for name, frame in made.items():
        path = folder / f"{name}.{'csv' if name in as_csv else 'parquet'}"
        if name in as_csv:
            frame.to_csv(path, index=False)
        else:
            frame.to_parquet(path, index=False)
        plan["tables"][name] = {**plan["tables"][name], "path": str(path)}
    return DataPlan.model_validate(plan)


@pytest.fixture
def plan(tmp_path):
    """A plan with all kinds of tables, whose files lie in ``tables``."""
    (tmp_path / "tables").mkdir()
    found = written(tmp_path / "tables", tables())
    with (tmp_path / "tables" / "calls.csv").open("a") as file:
        file.write("1,2024-07-03 10:00:00,5.0,in,too,many\n")
    with (tmp_path / "tables" / "tariffs.csv").open("a") as file:
        file.write("D,1.5,too,many\n")
    return found


def quarantined(folder):
    return {
        file.name: sorted(map(str, pq.read_table(file).to_pylist()))
        for file in (folder / "quarantine").glob("*.parquet")
    }


def assert_like_here(prepared, plan, folder, **how):
    there, here = prepared.collect(folder / "there"), build(plan, folder / "here", **how)
    rows = pq.read_table(there.features)
    assert rows.to_pydict() == pq.read_table(here.features).to_pydict()
    assert rows.schema.equals(pq.read_table(here.features).schema)
    assert prepared.rows == here.rows
    for name in ("plan", "tables", "joins", "coverage", "categories", "notes"):
        assert getattr(there, name) == getattr(here, name)
    assert quarantined(there.folder) == quarantined(here.folder)
    return here
