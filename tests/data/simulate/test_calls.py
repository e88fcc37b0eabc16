"""Call records of the simulator: communities, hubs, and a truth that the records give again."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from dbnchurn.core.errors import ConfigError
from dbnchurn.data.build import build
from dbnchurn.data.plan import DataPlan
from dbnchurn.data.simulate import simulate
from dbnchurn.data.simulate.calls import CALLS_HUBS, HUBS, Contagion
from dbnchurn.graph import GraphConfig, read_calls

TABLES = ("basic", "complaints", "optical", "truth")


@pytest.fixture(scope="module")
def crm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crm") / "crm"
    return simulate(
        folder, customers=3_000, months=8, dirt=0, random_state=2, calls=Contagion(3.0, 0.5)
    )


def test_calls_change_no_byte_of_the_other_tables(tmp_path):
    options = {"customers": 300, "months": 6, "random_state": 4, "joiners": 0.05}
    without = simulate(tmp_path / "a", **options)
    quiet = simulate(tmp_path / "b", **options, calls=Contagion(0.0, 0.7))
    for table in ("basic", "complaints", "optical", "expected"):
        for file in sorted((without / table).iterdir()):
            assert file.read_bytes() == (quiet / table / file.name).read_bytes()
    columns = ["customer_id", "cutoff", "probability", "churned"]
    one, two = (pd.read_parquet(folder / "truth") for folder in (without, quiet))
    pd.testing.assert_frame_equal(one, two[columns])
    assert set(two) - set(columns) == {"alone", "share_left"}
    assert not (without / "calls").exists()


def test_the_same_seed_gives_the_same_calls(tmp_path):
    options = {"customers": 200, "months": 5, "calls": Contagion(2.0)}
    one, two = (simulate(tmp_path / name, **options) for name in "ab")
    file = "calls/part-00000.parquet"
    assert (one / file).read_bytes() == (two / file).read_bytes()


def test_the_truth_is_the_probability_alone_moved_by_the_share(crm):
    truth = pd.read_parquet(crm / "truth")
    moved = expit(logit(truth["alone"]) + 3.0 * truth["share_left"])
    np.testing.assert_allclose(truth["probability"], moved)
    assert (truth["share_left"] > 0).mean() > 0.05
    assert json.loads((crm / "simulation.json").read_text())["calls"] == {
        "coefficient": 3.0, "homophily": 0.5, "hubs": [1, 2, 3],
    }  # fmt: skip


def test_the_neighbours_of_a_plan_have_the_share_of_the_truth(crm, tmp_path):
    plan = DataPlan.model_validate(
        {
            "base": "basic",
            "windows": {"cutoffs": ["2024-12-01"], "observation": "3 months"},
            "label": {"table": "basic", "kind": "status", "column": "status", "left": ["churned"]},
            "tables": {
                "basic": {
                    "path": str(crm / "basic"), "key": "customer_id", "date": "month",
                    "grain": "month",
                },
                "calls": {"path": str(crm / "calls"), "key": "caller", "date": "moment",
                          "max_gap": 7},
            },
            "neighbours": {"calls": {"to": "callee"}},
        }
    )  # fmt: skip
    made = build(plan, tmp_path / "out", cutoffs=[plan.windows.cutoffs[0]], n_threads=1)
    table = pd.read_parquet(made.features).set_index("customer_id")
    truth = pd.read_parquet(crm / "truth")
    truth = truth[truth["cutoff"].astype(str) == "2024-12-01"].set_index("customer_id")
    share = table["calls_neighbours_left_share"].reindex(truth.index).fillna(0.0)
    np.testing.assert_allclose(share, truth["share_left"], atol=1e-12)
    assert all(f"{hub} (" in made.notes[0] for hub in (1, 2, 3))


def test_the_hubs_are_found_and_the_communities_hang_together(crm):
    calls = pd.read_parquet(crm / "calls")
    basic = pd.read_parquet(crm / "basic")
    of_hub = calls[calls["callee"] <= HUBS]
    share = of_hub["caller"].nunique() / basic["customer_id"].nunique()
    assert abs(share - CALLS_HUBS) < 4 * np.sqrt(CALLS_HUBS * (1 - CALLS_HUBS) / 3_000)
    graph = read_calls(
        GraphConfig(calls={"path": str(crm / "calls")}, caller="caller", callee="callee",
                    date="moment")
    )  # fmt: skip
    assert {hub.id for hub in graph.hubs} == {"1", "2", "3"}
    # Who has left makes and gets no calls any more.
    ends = basic.groupby("customer_id")["month"].max() + pd.DateOffset(months=1)
    for side in ("caller", "callee"):
        own = calls[calls[side] > HUBS]
        assert (own["moment"] < own[side].map(ends)).all()


def test_shares_out_of_range_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="homophily has to be between 0 and 1"):
        simulate(tmp_path / "a", customers=10, calls=Contagion(0.0, 1.5))
