"""Values of customers follow their probabilities, come from the past alone, and join a campaign."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from dbnchurn.campaign.allocation_job import allocate_customers
from dbnchurn.campaign.config import read_campaign_config
from dbnchurn.core.errors import DataError
from dbnchurn.forecast import ForecastConfig, read_history, values_from, write_values
from dbnchurn.forecast.remaining import discounts, remaining
from dbnchurn.forecast.spend import fit_spend, past_spend, payments
from dbnchurn.forecast.value_backtest import PAST, REGRESSION, past_origins
from dbnchurn.forecast.value_intervals import Units, learn_outcome_interval
from dbnchurn.forecast.values_page import calibration, values_page
from dbnchurn.forecast.values_text import values_text
from tests.forecast.conftest import make_customers

HERE = {"months": 6}


def settings_for(path, frame, **changes):
    frame.to_csv(path, index=False)
    plain = {
        "history": {"path": str(path)}, "id": "id", "month": "month", "left": "left",
        "segment": "segment", "revenue": "bill", "currency": "EUR", "sample": 5000, "values": HERE,
    }  # fmt: skip
    return ForecastConfig.model_validate({**plain, **changes})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("values") / "months.csv"
    settings = settings_for(path, make_customers())
    return values_from(read_history(settings), settings)


def with_drift(frame):
    """Bills that rise by three a month in one segment, and by nothing in the other."""
    month = frame["month"].rank(method="dense")
    return frame.assign(bill=frame["bill"] + np.where(frame["segment"] == "fibre", 3 * month, 0))


@pytest.mark.parametrize("window", [1, 2, 5])
def test_months_and_worth_are_those_of_all_ways_to_leave(window):
    generator = np.random.default_rng(window)
    p, weights = generator.uniform(0, 0.6, 5), discounts(5, 0.2)
    chance = np.append(p * np.cumprod([1, *(1 - p[:-1])]), np.prod(1 - p))  # of the last month
    months = np.array([1, 2, 3, 4, 5, 5])
    money = np.cumsum(weights)[months - 1]
    early = np.arange(6) < window
    means = [np.average(money[part], weights=chance[part]) for part in (~early, early)]
    found = remaining([np.array([one]) for one in p], weights, window)
    np.testing.assert_allclose(found.months, chance @ months)
    np.testing.assert_allclose(found.paid, chance @ money)
    np.testing.assert_allclose(found.leaving, chance[early].sum())
    np.testing.assert_allclose(found.kept, means[0] - means[1])


def test_every_customer_who_is_there_has_one_row_and_known_rates_are_found(made):
    table, history = made.table(), made.history
    last = history.rows(len(history.months) - 1)
    there = history.customer[last][history.ahead[last] > 0]
    assert table["customer"].tolist() == history.ids[there].tolist()
    segment = history.segment[made.expected.rows]
    for place, rate in enumerate((0.06, 0.03)):
        truth = ((1 - rate) ** np.arange(6)).sum()
        rows = table[segment == place]
        # The level comes from three months; its rate is off by four standard errors at most.
        error = np.sqrt(rate / history.customers[-3:, place].sum())
        off = truth - ((1 - rate - 4 * error) ** np.arange(6)).sum()
        assert abs(rows["remaining_months"].mean() - truth) < off
        bill = (20.0, 30.0)[place]
        np.testing.assert_allclose(rows["value"], bill * rows["remaining_months"], rtol=1e-4)


def test_intervals_hold_their_value_and_customers_who_chose_nothing(made):
    table = made.table()
    for name in ("remaining_months", "value"):
        assert (table[f"{name}_low"] <= table[name]).all()
        assert (table[name] <= table[f"{name}_high"]).all()
    assert table["remaining_months_low"].min() >= 1
    assert table["remaining_months_high"].max() <= 6
    _, rows = made.backtest.test
    for share in made.coverage().values():
        assert share > 0.8 - 3 * np.sqrt(0.8 * 0.2 / rows.sum())
    # Means of tenths differ from what came by chance alone: at most 2.5 months of 30 EUR or so.
    for expected, came, count in made.tenths():
        assert abs(expected - came) < 4 * 75 / np.sqrt(count)


def test_nothing_after_a_month_changes_what_was_expected_from_it(made):
    origin = made.backtest.origins[2]
    cut = made.history.until(len(made.history.months) - 3)
    same = next(one for one in past_origins(cut, made.config) if one.month == origin.month)
    for name, found in origin.expected.by_leaving.items():
        np.testing.assert_array_equal(found.paid, same.expected.by_leaving[name].paid)
    for name, spend in origin.expected.by_spend.items():
        np.testing.assert_array_equal(spend, same.expected.by_spend[name])


def test_the_order_of_rows_does_not_matter(made, tmp_path):
    settings = settings_for(tmp_path / "m.csv", make_customers().sample(frac=1, random_state=2))
    again = values_from(read_history(settings), settings)
    pd.testing.assert_frame_equal(again.table(), made.table())


def test_regression_is_used_only_where_it_beats_past_spend(made, tmp_path):
    assert made.backtest.spend == PAST  # bills are constant: nothing can be closer
    assert any("is past spend: the regression" in note for note in made.notes)
    settings = settings_for(tmp_path / "m.csv", with_drift(make_customers()))
    found = values_from(read_history(settings), settings)
    assert found.backtest.spend == REGRESSION
    errors = found.errors()
    assert errors["money of a month by regression"] < errors["money of a month by past spend"]
    assert "closer than past spend" in values_text(found)


def test_months_too_early_for_the_regression_teach_no_interval_of_it(tmp_path):
    frame = with_drift(make_customers(n=300, months=14))
    settings = settings_for(tmp_path / "m.csv", frame, values={"months": 4})
    found = values_from(read_history(settings), settings)
    assert found.backtest.spend == REGRESSION
    assert any(REGRESSION not in one.expected.by_spend for one in found.backtest.origins)
    table = found.table()
    assert table["value"].between(table["value_low"], table["value_high"]).all()
    assert set(found.coverage()) == {"months", "value"}


@pytest.mark.parametrize("sign", [0, -1])
def test_errors_are_shares_of_amounts_whatever_their_sign(made, tmp_path, sign):
    """Credits have the errors of bills, and nothing that comes has none."""
    frame = make_customers()
    settings = settings_for(
        tmp_path / "m.csv", frame.assign(bill=sign * frame["bill"]), negative_revenue="credit"
    )
    found = values_from(read_history(settings), settings)
    bills = {name: error for name, error in made.errors().items() if sign or "months" in name}
    assert found.errors() == pytest.approx(bills, abs=1e-6)
    json.dumps(found.as_dict(), allow_nan=False)


def test_money_counts_what_is_paid_and_nothing_else(made):
    history = made.history
    customers = np.unique(history.customer)[:50].astype(np.int64)
    money, there = payments(history, range(3, 8), customers)
    frame = make_customers()
    frame = frame[frame["month"].between("2024-04-01", "2024-08-01")]
    sums = frame.groupby("id")["bill"].agg(["sum", "count"]).reindex(history.ids[customers])
    np.testing.assert_allclose(money, sums["sum"].fillna(0))
    np.testing.assert_array_equal(there, sums["count"].fillna(0))
    rows = history.staying(8)
    past = past_spend(history, 8, 3, history.customer[rows].astype(np.int64))
    assert set(past) == {20.0, 30.0}
    model = fit_spend(history, 8, 3, 3, rows)
    np.testing.assert_allclose(model.predict(history, rows, past), past)


def test_margin_and_interest_change_money_and_no_months(made, tmp_path):
    half = settings_for(tmp_path / "m.csv", make_customers(), values={**HERE, "margin": 0.5})
    found = values_from(read_history(half), half).table()
    for name in ("value", "value_low", "worth"):
        np.testing.assert_allclose(found[name], 0.5 * made.table()[name], atol=1e-3)
    later = settings_for(tmp_path / "m.csv", make_customers(), values={**HERE, "discount": 0.1})
    found = values_from(read_history(later), later).table()
    assert (found["value"] < made.table()["value"]).all()
    assert found["remaining_months"].equals(made.table()["remaining_months"])


def test_an_interval_follows_its_group_and_units_are_never_zero():
    generator = np.random.default_rng(0)
    months = np.repeat([2.0, 9.0], 4000)
    came = generator.normal(months, months)
    found = learn_outcome_interval(months, Units.ones(8000), came)
    low, high = found.ends(np.array([2.0, 9.0]), np.array([2.0, 9.0]), Units.ones(2))
    # The tenth of a normal distribution is 1.28 standard errors away.
    np.testing.assert_allclose(high - low, 2 * 1.2816 * np.array([2.0, 9.0]), rtol=0.06)
    units = Units.of(np.array([0.0, -3.0, 30.0]))
    assert (units.size > 0).all()
    assert units.small.tolist() == [True, True, False]


def test_short_histories_give_values_without_intervals_and_say_so(made):
    cut = made.history.until(11)
    short = values_from(cut, made.config)
    assert short.table()["value_low"].isna().all()
    assert short.table()["value"].notna().all()
    assert "it takes 13 months of history" in values_text(short)
    assert "no interval" in values_page(short)
    assert short.as_dict()["backtest"]["errors"] == {}
    gone = made.history.until(11)
    gone.ahead[gone.rows(11)] = 0
    with pytest.raises(DataError, match="all customers have left at the end of 2024-12"):
        values_from(gone, made.config)


@pytest.mark.parametrize("seed", [0, 1])
def test_hardly_any_customers_give_values_without_intervals(tmp_path, seed):
    frame = make_customers(n=200, months=16)
    leaves = frame.groupby("id")["left"].max()
    ids = [leaves.index[leaves == 0][0], leaves.index[leaves == 1][0]]
    settings = settings_for(
        tmp_path / "m.csv", frame[frame["id"].isin(ids)], values={"months": 4}, segment=None,
        seed=seed,
    )  # fmt: skip
    found = values_from(read_history(settings), settings)
    assert found.table()["value_low"].isna().all()
    assert "too few customers for one half" in values_text(found)
    assert "no interval" in values_page(found)
    json.dumps(found.as_dict(), allow_nan=False)


def test_without_revenue_there_are_months_alone(tmp_path):
    settings = settings_for(tmp_path / "m.csv", make_customers(n=200), revenue=None)
    found = values_from(read_history(settings), settings)
    names = ["remaining_months", "remaining_months_low", "remaining_months_high"]
    assert list(found.table()) == ["customer", *names]
    assert "months and no value" in values_text(found)
    assert "expected months" in values_page(found)


def test_table_page_and_numbers_agree(made, tmp_path):
    output, page, facts = (tmp_path / f"v.{end}" for end in ("csv", "html", "json"))
    written = write_values(made.config, output, page=page, facts=facts)
    pd.testing.assert_frame_equal(pd.read_csv(output), written.table())
    told = json.loads(facts.read_text())
    assert told["value"] == pytest.approx(written.table()["value"].mean(), abs=1e-3)
    assert calibration(made).title in page.read_text()
    assert "<script" not in page.read_text()


CAMPAIGN = {
    "campaign": "autumn", "contact_date": "2026-09-01", "currency": "EUR", "id": "id",
    "worth": "worth", "effect_of": "contact", "budget": 50, "control": 0,
    "offers": {"thanks": {"effect": 0.5}}, "channels": {"mail": {"cost": 0.5}},
}  # fmt: skip


def allocated(folder, scores, values, **changes):
    scores.to_csv(folder / "scores.csv", index=False)
    values.to_csv(folder / "values.csv", index=False)
    sources = {"customers": {"path": "scores.csv"}, "values": {"path": "values.csv"}}
    (folder / "c.yaml").write_text(yaml.safe_dump({"allocate": {**CAMPAIGN, **sources, **changes}}))
    config = read_campaign_config("c.yaml").for_allocate()
    return allocate_customers(config, folder / "list.csv")


def test_a_campaign_takes_the_values_as_they_are(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = made.table()
    scores = values[["customer"]].rename(columns={"customer": "id"})[::-1].iloc[:100]
    scores = scores.assign(probability=0.2)
    found = allocated(tmp_path, scores, values)
    own = values.set_index("customer")["worth"]
    chosen = found.contacts.set_index("customer")
    np.testing.assert_allclose(chosen["value"], 0.5 * 0.2 * own[chosen.index] - 0.5, atol=1e-3)
    assert any("are not among those of scores.csv" in note for note in found.notes)
    for said, problem in (
        ((scores, values.iloc[:-3]), r"3 of the 100 customers of scores.csv have no row, such as"),
        ((scores.assign(value=1), values), r"scores.csv has a column 'value' too"),
        ((scores, values.iloc[[0, *range(len(values))]]), r"1 customers have several rows"),
        ((scores.assign(id="x" + scores["id"]), values), r"none of the 100 customers"),
    ):
        with pytest.raises(DataError, match=problem):
            allocated(tmp_path, *said)
