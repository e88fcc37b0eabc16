"""Forecasts add up, come from the past alone, and have intervals that later months lie in."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.forecast import forecast_from, read_forecast_config, read_history, write_forecast
from dbnchurn.forecast.backtest import chance, run_backtest
from dbnchurn.forecast.config import ForecastConfig
from dbnchurn.forecast.forecast import forecast
from dbnchurn.forecast.forecast_page import fan, forecast_page
from dbnchurn.forecast.forecast_text import forecast_text
from dbnchurn.forecast.hazards import fit_hazard
from dbnchurn.forecast.intervals import learn_width
from dbnchurn.forecast.methods import expected_joiners, forecast_paths, recent_rate
from dbnchurn.forecast.mixture import mixture_weights, outlook
from dbnchurn.forecast.output_files import OutputFiles
from dbnchurn.forecast.scenario import with_campaign
from tests.forecast.conftest import make_customers


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("forecast") / "months.csv"
    make_customers().to_csv(path, index=False)
    settings = ForecastConfig(
        history={"path": str(path)}, id="id", month="month", left="left", segment="segment",
        revenue="bill", horizon=3, sample=5000,
    )  # fmt: skip
    return forecast(settings)


def test_segments_add_up_to_the_total_and_months_follow_one_another(made):
    table = made.table()
    for month, rows in table.groupby("month"):
        parts, total = rows[rows["segment"] != "total"], rows[rows["segment"] == "total"]
        for name in ("leavers", "customers", "revenue", "joiners"):
            np.testing.assert_allclose(parts[name].sum(), total[name].iloc[0], atol=1e-3), month
    start = (made.history.customers - made.history.leavers)[-1]
    look = made.outlook
    flow = np.cumsum(look.joiners - look.leavers, axis=0)
    np.testing.assert_allclose(look.customers, start + flow)


def test_known_rates_are_found(made):
    """The rates are .06 and .03; the interval of a year's mean is four standard errors."""
    share = made.outlook.leavers[0] / (made.outlook.customers[0] + made.outlook.leavers[0])
    many = made.history.customers[-12:].sum(0)
    truth = np.array([0.06, 0.03])
    assert (np.abs(share - truth) < 4 * np.sqrt(truth / (many / 4))).all()


def test_an_interval_holds_its_forecast_and_grows_no_smaller_for_customers(made):
    for name in ("leavers", "customers", "revenue"):
        for place in (None, 0, 1):
            value, low, high = made.lines(name, place)
            assert ((low <= value) & (value <= high)).all()
    _, low, high = made.lines("customers", None)
    assert high[-1] - low[-1] > high[0] - low[0]


def test_nothing_after_an_origin_changes_what_was_forecast_from_it(made):
    test, history = made.backtest, made.history
    origin = int(test.origins[5])
    alone = forecast_paths(history.until(origin), 3, 3, 5000, 0)
    np.testing.assert_array_equal(alone.hazards, test.paths[5].hazards)
    early = run_backtest(
        history.until(origin + 3), 3, origins=18, recent=3, sample=5000, seed=0
    )  # fmt: skip
    place = int(np.flatnonzero(early.origins == origin)[0])
    np.testing.assert_array_equal(early.outlooks[place].leavers, test.outlooks[5].leavers)


def test_the_same_config_gives_the_same_forecast(made):
    pd.testing.assert_frame_equal(forecast_from(made.history, made.config).table(), made.table())


def test_without_eight_origins_there_is_no_interval_and_it_is_said(made):
    short = forecast_from(made.history.until(13), made.config)
    table = short.table()
    assert table["leavers"].notna().all()
    assert table["leavers_low"].notna().tolist() == [True] * 3 + [False] * 6
    assert any("months 1 to 1 alone" in note for note in short.notes)
    assert "no interval" in forecast_text(short)
    assert "months 1 to 1 alone" in forecast_page(short)


def test_weights_never_grow_with_the_horizon_and_follow_the_better_method():
    generator = np.random.default_rng(0)
    y = generator.poisson(50, (12, 4, 3)).astype(float)
    good, bad = y + generator.normal(0, 1, y.shape), y + 60
    crossing = np.where(np.arange(4)[:, None] < 2, good, bad)
    assert mixture_weights(crossing, np.where(crossing == good, bad, good), y).tolist() == [1, 1, 0, 0]  # noqa: E501  # fmt: skip
    late = np.where(np.arange(4)[:, None] < 2, bad, good)
    found = mixture_weights(late, np.where(late == good, bad, good), y)
    assert (np.diff(found) <= 0).all()


def test_a_width_covers_four_of_five_of_new_errors():
    generator = np.random.default_rng(1)
    value = np.full((40, 5), 100.0)
    width = learn_width(value, value, generator.normal(100, 20, value.shape))
    low, high = width.interval(np.full(20_000, 100.0), np.full(20_000, 100.0))
    new = generator.normal(100, 20, 20_000)
    # 200 quotients: a standard error of sqrt(.8 * .2 / 200) = .028.
    assert abs(((low <= new) & (new <= high)).mean() - 0.8) < 3 * 0.028
    assert not learn_width(value[:7], value[:7], value[:7]).known


def test_parts_of_a_forecast(made):
    history = made.history
    assert (expected_joiners(history) > 0).all()
    np.testing.assert_allclose(recent_rate(history, 12), [0.06, 0.03], atol=0.015)
    hazard = fit_hazard(history, 1, 5000, np.random.default_rng(0))
    codes = np.zeros((2, 1), np.uint8) + 1
    low, high = sorted(hazard.probability(np.array([0, 1]), codes))
    assert 0 < low < high < 0.2
    paths = made.backtest.paths[-1]
    plain = outlook(paths, np.ones(3), 0.0, np.zeros(2))
    np.testing.assert_allclose(plain.leavers, paths.hazards)
    assert (chance(plain, np.ones(2))["customers"][1] > chance(plain, np.ones(2))["customers"][0]).all()  # noqa: E501  # fmt: skip


def test_a_campaign_saves_whom_it_says(made, tmp_path):
    months = [f"{month}-01" for month in made.months]
    path = tmp_path / "saved.csv"
    pd.DataFrame({"month": months[:1], "segment": ["dsl"], "saved": [5]}).to_csv(path, index=False)
    planned = ForecastConfig.model_validate(
        {**made.config.model_dump(), "scenario": {"path": str(path)}}
    )
    found = forecast_from(made.history, planned)
    saved = made.outlook.leavers - found.campaign.leavers
    np.testing.assert_allclose(saved[0], [5, 0], atol=1e-9)
    assert (saved[1:, 0] < 0).all()  # some of the saved leave later
    assert (found.campaign.customers[:, 0] > made.outlook.customers[:, 0]).all()
    assert "with the campaign" in forecast_page(found)
    with pytest.raises(DataError, match=r"are saved.*expected to leave"):
        with_campaign(made.outlook, np.full((3, 2), 1e4), made.history.segments)
    for row, sentence in (
        (("2031-01-01", "dsl", 5), "month 2031-01 is not forecast"),
        ((months[0], "dls", 5), "there is no segment 'dls'"),
        ((months[0], "dsl", -5), "saved is no number from 0 on"),
    ):
        pd.DataFrame([row], columns=["month", "segment", "saved"]).to_csv(path, index=False)
        with pytest.raises(DataError, match=sentence):
            forecast_from(made.history, planned)


def test_page_and_files_say_the_same(made, tmp_path):
    output, page, facts = (tmp_path / f"f.{end}" for end in ("csv", "html", "json"))
    found = write_forecast(made.config, output, page=page, facts=facts)
    pd.testing.assert_frame_equal(pd.read_csv(output), found.table())
    told = json.loads(facts.read_text())
    assert told["forecast"][0]["leavers"] == found.table()["leavers"][0]
    assert told["backtest"]["coverage_of_80"]["leavers"]["inside"] >= 0
    text = page.read_text()
    assert "<script" not in text
    assert "Content-Security-Policy" in text
    assert fan(made, None).title in text
    with pytest.raises(ConfigError, match="same file"):
        write_forecast(made.config, type(output)(made.config.history.path))


def test_a_config_says_how_leaving_shows(tmp_path):
    path = tmp_path / "f.yaml"
    path.write_text("history: {path: a.csv}\nid: a\nmonth: b\n")
    with pytest.raises(ConfigError, match=r"either 'left'.*absence_is_leaving"):
        read_forecast_config(path)


def test_a_history_that_is_read_again_is_the_same(made):
    again = read_history(made.config)
    np.testing.assert_array_equal(again.codes, made.history.codes)


def test_a_page_that_fails_leaves_the_table_of_before(made, tmp_path):
    output, page = tmp_path / "f.csv", tmp_path / "f.html"
    output.write_text("before")

    def failing(_made):
        raise OSError("no page")

    files = OutputFiles(output, page, None, mkdir=False, raw_text=False)
    with pytest.raises(OSError, match="no page"):
        files.write(made, failing)
    assert output.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["f.csv"]
