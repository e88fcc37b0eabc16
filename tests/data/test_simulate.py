"""The simulated telecom: true probabilities are true, and no adding model gets near them."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score

from dbnchurn.core.errors import ConfigError
from dbnchurn.data.simulate import attainable, simulate
from dbnchurn.data.simulate.hazard import leaving_probability
from dbnchurn.data.simulate.world import draw

TABLES = ("basic", "complaints", "optical", "truth")


def tables(folder):
    return {name: pq.read_table(folder / name) for name in TABLES}


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("sim") / "crm", customers=60_000, dirt=0)


def test_fifty_source_columns_and_one_churner_in_28(clean):
    found = tables(clean)
    del found["truth"]
    assert sum(len(table.column_names) for table in found.values()) == 50
    truth = pd.read_parquet(clean / "truth")
    # Three standard errors around 1:27.26, the paper's 34,672 of 979,902.
    assert abs(truth["probability"].mean() - 0.03538) < 3 * truth["probability"].std() / 60_000**0.5


def test_probabilities_are_those_by_which_customers_leave(clean):
    """In every tenth of the customers by probability, as many leave as it says."""
    truth = pd.read_parquet(clean / "truth").sort_values("probability")
    for part in np.array_split(np.arange(len(truth)), 10):
        p = truth["probability"].to_numpy()[part]
        spread = np.sqrt((p * (1 - p)).sum())
        assert abs(truth["churned"].to_numpy()[part].sum() - p.sum()) < 4 * spread + 1


def test_the_truth_is_a_function_of_what_is_recorded_before_the_cutoff():
    """Whatever happens from the cutoff on, the probability is the same."""
    world = draw(np.arange(3000), 4, np.random.default_rng(0))
    before = leaving_probability(world, 3)
    august = world.months[3].astype("datetime64[D]")
    for values in world.monthly.values():
        values[:, 3] = 0
    for events in (world.complaints, world.readings):
        later = events["day"] >= august
        assert later.any()
        events["day"][later] += np.timedelta64(7, "D")
    world.readings["receive_power_dbm"][world.readings["day"] >= august] = -40
    np.testing.assert_array_equal(leaving_probability(world, 3), before)


def test_attainable_is_what_the_true_probabilities_attain(clean):
    truth = pd.read_parquet(clean / "truth")
    p, y = truth["probability"].to_numpy(), truth["churned"].to_numpy()
    best = attainable(p)
    assert json.loads((clean / "simulation.json").read_text())["attainable"] == vars(best)
    # Redraw the outcomes: the mean of what p attains, within four of its standard errors.
    generator = np.random.default_rng(1)
    draws = [(generator.random(len(p)) < p).astype(int) for _ in range(40)]
    found = np.array([(average_precision_score(y, p), brier_score_loss(y, p)) for y in draws])
    error = 4 * found.std(axis=0) / 40**0.5
    assert abs(found[:, 0].mean() - best.average_precision) < error[0] + 1e-3
    assert abs(found[:, 1].mean() - best.brier) < error[1]
    assert f1_score(y, p >= 0.35) < best.f1 + 0.03


def test_attainable_of_equal_probabilities_is_the_base_rate():
    found = attainable(np.full(20_000, 0.1))
    assert found.average_precision == pytest.approx(0.1, abs=2e-3)
    assert found.brier == pytest.approx(0.09)
    assert found.f1 == pytest.approx(2 * 0.1 / 1.1)


def test_a_seed_gives_the_same_files_and_another_seed_others(tmp_path):
    first, again, other = (
        tables(simulate(tmp_path / str(i), customers=300, random_state=seed))
        for i, seed in enumerate((3, 3, 4))
    )
    assert all(first[name].equals(again[name]) for name in TABLES)
    assert not first["basic"].equals(other["basic"])


def test_chunks_do_not_depend_on_how_many_follow(tmp_path):
    few = simulate(tmp_path / "few", customers=400, chunk_size=200)
    many = simulate(tmp_path / "many", customers=600, chunk_size=200)
    name = "basic/part-00001.parquet"
    assert pq.read_table(few / name).equals(pq.read_table(many / name))
    assert len(list((many / "basic").iterdir())) == 3


def test_dirt_blanks_misspells_repeats_and_breaks_but_leaves_the_truth(tmp_path):
    clean = simulate(tmp_path / "clean", customers=4000, dirt=0)
    dirty = simulate(tmp_path / "dirty", customers=4000)
    assert pq.read_table(clean / "truth").equals(pq.read_table(dirty / "truth"))
    frame = pd.read_parquet(dirty / "basic")
    original = pd.read_parquet(clean / "basic")
    assert original.notna().all(axis=None) or set(original.columns[original.isna().any()]) == {
        "mobile_access_date"
    }
    assert not original.duplicated(["customer_id", "month"]).any()
    assert frame["customer_id"].isna().any()
    assert 0.01 < frame["online_count"].isna().mean() < 0.03
    assert {"ftth", "fibre to the home"} < set(frame["product_type"].dropna())
    assert (frame["age"] == 999).any()
    assert (frame["broadband_gb"] == -1).any()
    exact = frame.duplicated().sum()
    repeats = frame.duplicated(["customer_id", "month"]).sum() - exact
    assert 0.02 < exact / len(frame) < 0.04
    assert 0.005 < repeats / len(frame) < 0.015


def test_customers_have_no_records_after_the_month_they_leave_in(tmp_path):
    folder = simulate(tmp_path / "crm", customers=3000, months=6, dirt=0)
    basic = pd.read_parquet(folder / "basic")
    basic["month"] = pd.to_datetime(basic["month"])
    left = basic[basic["status"] == "churned"].set_index("customer_id")["month"]
    last = basic.groupby("customer_id")["month"].max()
    assert len(left) > 100
    assert (last[left.index] == left).all()
    truth = pd.read_parquet(folder / "truth")
    assert truth["cutoff"].nunique() == 3
    assert truth["churned"].sum() == len(left)


@pytest.mark.parametrize(
    ("bad", "message"),
    [({"customers": 0}, "customers and months"), ({"dirt": -1.0}, "dirt between 0 and 10")],
)
def test_impossible_requests_are_refused(tmp_path, bad, message):
    with pytest.raises(ConfigError, match=message):
        simulate(tmp_path / "crm", **bad)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path):
    with pytest.raises(ConfigError, match="exists already"):
        simulate(tmp_path)
