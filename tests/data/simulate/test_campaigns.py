"""Simulated campaigns: other tables stay, draws have their probabilities, true lifts are true."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.outcomes import Outcomes, join_outcomes
from dbnchurn.core.errors import ConfigError
from dbnchurn.data.simulate import simulate
from dbnchurn.data.simulate.campaigns import checked_campaigns, stream

# Rows, and sums of columns, of 800 customers in two chunks, as before there were campaigns.
WITHOUT = {
    "basic": 4915,
    "basic.customer_id": 491401972400.0,
    "basic.speed_mbps": 1097300.0,
    "basic.age": 225919.0,
    "basic.router_rented": 1840.0,
    "basic.credit_score": 2964832.0,
    "basic.iptv": 1988.0,
    "basic.billing_income": 160611.72,
    "basic.accumulated_debt": 44654.58,
    "basic.call_duration": 446792.94,
    "basic.call_count": 138660.0,
    "basic.broadband_gb": 403564.09,
    "basic.online_duration": 1394438.79,
    "basic.online_count": 233532.0,
    "basic.sms_count": 19628.0,
    "basic.mobile_billing_income": 59942.49,
    "basic.mobile_debt": 5445.69,
    "basic.mobile_call_duration": 538309.4,
    "basic.mobile_call_count": 191960.0,
    "basic.mobile_gb": 18826.54,
    "basic.mobile_online_duration": 58274.12,
    "basic.mobile_online_count": 150158.0,
    "basic.mobile_sms_count": 19948.0,
    "basic.iptv_hours": 54193.9,
    "basic.upload_gb": 50365.06,
    "basic.night_gb": 100240.42,
    "basic.peak_share": 2672.659,
    "basic.roaming_minutes": 2652.0,
    "basic.points_balance": 698337.0,
    "basic.promo_discount": 9363.28,
    "basic.contract_months_left": 52052.0,
    "complaints": 331,
    "complaints.customer_id": 33100132580.0,
    "complaints.resolution_days": 1320.31,
    "optical": 7995,
    "optical.customer_id": 799203210200.0,
    "optical.receive_power_dbm": -156386.72,
    "optical.transmit_power_dbm": 17360.32,
    "truth": 2333,
    "truth.customer_id": 233300940400.0,
    "truth.probability": 66.93780604,
    "truth.churned": 60.0,
}
TABLES = ("basic", "complaints", "optical", "truth")


@pytest.fixture(scope="module")
def telecom(tmp_path_factory):
    return simulate(
        tmp_path_factory.mktemp("campaigns") / "crm",
        customers=12_000, months=5, dirt=0, campaigns=("random", "targeted"),
    )  # fmt: skip


@pytest.mark.parametrize("campaigns", [(), ("none", "none")])
def test_tables_without_campaigns_are_what_they_were(tmp_path, campaigns):
    folder = simulate(
        tmp_path / "crm", customers=800, months=6, random_state=3, chunk_size=500,
        campaigns=campaigns,
    )  # fmt: skip
    frames = {table: pq.read_table(folder / table).to_pandas() for table in TABLES}
    sums = {}
    for table, frame in frames.items():
        sums[table] = len(frame)
        for name, column in frame.select_dtypes("number").items():
            sums[f"{table}.{name}"] = float(column.sum())
    # Processors differ in the last digit of an exponential, so bytes are of one machine alone.
    assert sums == pytest.approx(WITHOUT, rel=1e-6)
    assert not (folder / "contacts").exists()


def test_a_campaign_changes_nothing_before_it_and_only_who_left_after(tmp_path):
    plain, campaign = (
        simulate(tmp_path / str(i), customers=1_500, months=5, dirt=0, campaigns=kinds)
        for i, kinds in enumerate(((), ("none", "random")))
    )
    before, after = (pd.read_parquet(folder / "basic") for folder in (plain, campaign))
    early = before["month"] < pd.Timestamp("2024-09-01").date()
    pd.testing.assert_frame_equal(
        before[early].reset_index(drop=True),
        after[after["month"] < pd.Timestamp("2024-09-01").date()].reset_index(drop=True),
    )
    truths = [pd.read_parquet(folder / "truth") for folder in (plain, campaign)]
    np.testing.assert_array_equal(truths[0]["probability"], truths[1]["probability"])


def test_log_and_outcomes_are_read_by_their_own_reader(telecom):
    log = ContactLog.read(str(telecom / "contacts"))
    assert log.campaigns == ("2024-08 random", "2024-09 targeted")
    joined = join_outcomes(log, Outcomes.read(str(telecom / "outcomes")))
    assert joined.without_outcome == joined.others == 0
    controls = joined.frame["arm"] == "control"
    assert joined.frame.loc[controls, "accepted"].isna().all()
    assert joined.frame.loc[~controls, "accepted"].notna().all()


def test_arms_and_options_come_with_their_probabilities(telecom):
    log = pd.read_parquet(telecom / "contacts")
    for _, rows in log.groupby("campaign"):
        n = len(rows)
        # Where the option is drawn its probability is part of the propensity.
        drawn = rows["arm"].isin(["explore"]) | rows["campaign"].str.endswith("random")
        for (_, _, _, chance), observed in (
            rows[drawn].groupby(["arm", "offer", "channel", "propensity"]).size() / n
        ).items():
            assert abs(observed - chance) < 4 * np.sqrt(chance / n)


def test_the_true_lift_is_that_of_arms_and_of_effects(telecom):
    about = json.loads((telecom / "simulation.json").read_text())
    effects = pd.read_parquet(telecom / "effects").astype({"customer_id": str})
    log = pd.read_parquet(telecom / "contacts")
    log["cutoff"] = log["contact_date"]
    known = log.merge(
        effects.rename(columns={"customer_id": "customer"}),
        on=["customer", "cutoff", "offer", "channel"],
    )
    assert len(known) == len(log)
    for campaign in about["campaigns"]:
        own = known[(known["campaign"] == campaign["campaign"]) & (known["arm"] != "control")]
        assert own["effect"].mean() == pytest.approx(campaign["true_effect"])
        # Who stayed because of the contact, against its expectation.
        spread = np.sqrt(own["probability"].sum())
        assert abs(campaign["saved"] - own["effect"].sum()) < 4 * spread
    assert about["campaigns"][1]["true_effect"] > 3 * about["campaigns"][0]["true_effect"]


def test_streams_differ_by_purpose_chunk_and_month():
    numbers = {
        stream(0, chunk, purpose, month).random()
        for chunk in (0, 1)
        for purpose in ("contacts", "acceptances")
        for month in (3, 4)
    }
    assert len(numbers) == 8


@pytest.mark.parametrize(
    ("kinds", "told"),
    [(["randon"], "did you mean 'random'"), (["random"] * 3, "give at least 6 months")],
)
def test_plans_are_checked(kinds, told):
    with pytest.raises(ConfigError, match=told):
        checked_campaigns(kinds, 5)
