"""Hazards keep to what the months have shown: no trend runs away, however many customers."""

import numpy as np
import pytest

from dbnchurn.forecast.hazards import LEVEL_ROWS, TREND_MONTHS, Hazard, fit_hazard
from dbnchurn.forecast.history import STAYS, History
from dbnchurn.forecast.methods import fitted

HORIZON = 6


def history_of(rates, people: int) -> History:
    """So many alike people in every month, of whom the share of a later month leaves in it."""
    months = len(rates)
    ahead = np.full((months, people), STAYS, np.int16)
    for month in range(months):
        gone = 0
        for later in range(month + 1, months):
            number = round((people - gone) * rates[later])
            ahead[month, gone : gone + number] = later - month
            gone += number
    rows = months * people
    return History(
        np.datetime64("2024-01") + np.arange(months), ("all",), np.arange(months + 1) * people,
        np.zeros(rows, np.int8), np.zeros(rows, np.int16), ahead.ravel(),
        np.ones((rows, 1), np.uint8), (2,), None,
        np.tile(np.arange(people, dtype=np.int32), months), np.arange(people),
    )  # fmt: skip


def probability(hazard: Hazard) -> float:
    return float(hazard.probability(np.zeros(1, int), np.ones((1, 1), np.uint8))[0])


def forecasts(rates, people: int = 20_000) -> np.ndarray:
    """Probabilities of leaving in each coming month."""
    return np.array(
        [probability(one) for one in fitted(history_of(rates, people), HORIZON, 5000, 0)]
    )


@pytest.mark.parametrize("months", [5, 8, 20])
def test_constant_rates_stay_constant(months):
    np.testing.assert_allclose(forecasts(np.full(months, 0.03)), 0.03, rtol=0.02)


@pytest.mark.parametrize("people", [10_000, 300_000])
@pytest.mark.parametrize("low_months", [4, 7, 12])
def test_one_high_month_does_not_run_away(low_months, people):
    found = forecasts(np.r_[np.full(low_months, 0.02), 0.06], people)
    assert ((found > 0.02 * 0.97) & (found < 0.06 * 1.03)).all()  # of drawn rows


@pytest.mark.parametrize("people", [10_000, 300_000])
def test_no_forecast_lies_outside_of_the_rates_seen(people):
    """Two high months after many low ones, and rates that fall month by month."""
    for rates in (np.r_[np.full(7, 0.02), 0.06, 0.1], 0.1 * 0.7 ** np.arange(9)):
        found = forecasts(rates, people)
        assert found.max() < rates[1:].max() * 1.03  # of drawn rows
        assert found.min() > rates.min() * 0.97


@pytest.mark.parametrize(
    "rates", [np.r_[np.full(9, 0.03), 0.05], 0.04 * np.exp(0.03 * np.arange(19))]
)
def test_more_of_the_same_customers_change_little(rates):
    assert 20_000 * (len(rates) - 4) > LEVEL_ROWS  # where there is a trend
    few, many = forecasts(rates, 20_000), forecasts(rates, 300_000)
    np.testing.assert_allclose(many, few, rtol=0.05)


def test_a_short_history_has_no_trend():
    """With rising rates of few months, the level is their mean, where newer ones weigh more."""
    rates = 0.02 + 0.01 * np.arange(TREND_MONTHS)  # of the first month no outcome is known
    weight = 0.9 ** np.arange(TREND_MONTHS - 2, -1, -1)
    found = forecasts(rates, 50_000)
    assert found[0] == pytest.approx(weight @ rates[1:] / weight.sum(), rel=0.03)
    more = forecasts(0.02 + 0.01 * np.arange(TREND_MONTHS + 1), 50_000)
    assert more[0] > 0.02 + 0.01 * (TREND_MONTHS - 0.5)


@pytest.mark.parametrize("growth", [-0.03, 0.03])
def test_a_steady_trend_is_followed_one_month_ahead(growth):
    rates = 0.05 * np.exp(growth * np.arange(20))
    found = forecasts(rates[:-1], 50_000)[0]
    assert found == pytest.approx(rates[-1], rel=0.04)


@pytest.mark.parametrize("growth", [-0.03, 0.0, 0.03])
def test_hazards_follow_the_trend_of_the_months(growth):
    months, people = 19, 4_000
    rate = 0.05 * np.exp(growth * np.arange(months + 1))
    generator = np.random.default_rng(0)
    ahead = np.where(generator.random((months, people)) < rate[1:, None], 1, STAYS)
    ahead[-1] = STAYS  # who leaves after the last month is not known
    rows = np.zeros(months * people, np.int64)
    history = History(
        np.datetime64("2024-01") + np.arange(months), ("all",), np.arange(months + 1) * people,
        rows, rows, ahead.ravel(), np.ones((len(rows), 1), np.uint8), (2,), None,
        np.tile(np.arange(people, dtype=np.int32), months), np.arange(people),
    )  # fmt: skip
    hazard = fit_hazard(history, 1, 40_000, generator)
    # 18 months of 200 leavers: the end of a line has an error of 4 to 5 %.
    assert probability(hazard) == pytest.approx(rate[-1], rel=0.13)
