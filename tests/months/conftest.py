"""A small telecom with two months of outcomes, and a model that was trained on the first."""

import pandas as pd
import pytest

from dbnchurn.data.build import build, load
from dbnchurn.data.plan import DataPlan
from dbnchurn.runs.customers import stored_plan
from tests.data.small_crm import PLAN, crm, deep


@pytest.fixture(scope="session")
def month_by_month(tmp_path_factory, small):
    """Raw tables of April to August, and ``model``, trained on who left in July."""
    folder = tmp_path_factory.mktemp("months")
    frames = crm(300)
    basic = frames["basic"]
    july = basic["id"].between(76, 120)
    basic.loc[july & (basic["month"] == "2024-07-01"), "status"] = "gone"
    frames["basic"] = basic[~(july & (basic["month"] == "2024-08-01"))]
    paths = {}
    for name, frame in frames.items():
        paths[name] = {"path": str(folder / f"{name}.parquet")}
        frame.to_parquet(paths[name]["path"], index=False)
    windows = {"cutoffs": ["2024-07-01"], "observation": "2 months"}
    plan = DataPlan.model_validate(deep(PLAN, {"tables": paths, "windows": windows}))
    built = build(plan, folder / "built", n_threads=1)
    customers = load(built)
    about = {"id": customers.id, "data": stored_plan(built)}
    small().fit(customers.X, customers.y).save(folder / "model", about=about)
    return folder


@pytest.fixture
def scores_file(tmp_path):
    """``scores_file(probabilities, name)`` → a file as ``dbnchurn score`` writes it."""

    def write(probability, name="scores.csv", **more):
        frame = pd.DataFrame({"id": range(1, len(probability) + 1), "probability": probability})
        path = tmp_path / name
        frame.assign(model="0a1b", **more).to_csv(path, index=False)
        return path

    return write
