"""Simulated customers who join later: the others stay as they are, and the truth is true."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.data.simulate import simulate
from dbnchurn.data.simulate.joiners import draw_joiners
from dbnchurn.data.simulate.world import OBSERVED


@pytest.fixture(scope="module")
def joined(tmp_path_factory):
    folder = tmp_path_factory.mktemp("joiners")
    return simulate(folder / "with", customers=2500, months=9, dirt=0, joiners=0.05)


def test_files_of_the_other_customers_are_the_same_to_the_byte(joined, tmp_path):
    plain = simulate(tmp_path / "without", customers=2500, months=9, dirt=0)
    files = sorted(plain.rglob("*.parquet"))
    assert len(files) == 4
    for file in files:
        assert file.read_bytes() == (joined / file.relative_to(plain)).read_bytes()


def test_the_expected_leavers_are_those_of_the_truth(joined):
    expected, truth, basic = (
        pd.read_parquet(joined / name) for name in ("expected", "truth", "basic")
    )
    assert expected["expected"].sum() == pytest.approx(truth["probability"].sum())
    assert expected["leavers"].sum() == truth["churned"].sum()
    assert expected["customers"].sum() == len(basic)
    spread = np.sqrt((truth["probability"] * (1 - truth["probability"])).sum())
    assert abs(truth["churned"].sum() - truth["probability"].sum()) < 4 * spread


def test_joiners_have_no_record_before_they_join_and_stay_three_months(joined):
    basic = pd.read_parquet(joined / "basic")
    month = pd.to_datetime(basic["month"])
    new = basic["customer_id"] > 100_000_000 + 2500
    assert abs(basic.loc[new, "customer_id"].nunique() - 1000) < 4 * 1000**0.5
    first = month.groupby(basic["customer_id"]).transform("min")
    began = pd.to_datetime(basic["network_access_date"])
    assert (began.dt.to_period("M") == first.dt.to_period("M"))[new].all()
    rows = basic.groupby("customer_id").size()
    left = basic.loc[basic["status"] == "churned", "customer_id"]
    assert (rows[left] > OBSERVED).all()


def test_nobody_joins_without_a_share_and_a_wrong_one_is_refused(tmp_path):
    assert len(draw_joiners(1, 0.0, 5, (0, 0)).ids) == 0
    with pytest.raises(ConfigError, match="joiners have to be between 0 and 1"):
        simulate(tmp_path / "crm", joiners=1.5)
