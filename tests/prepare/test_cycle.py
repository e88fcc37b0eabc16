"""The cycle: what each step makes, that passes repeat while there is work, and that they end."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.records import pack, unpack
from dbnchurn.prepare import Prepare
from dbnchurn.prepare.record import Compress
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read


def table_of(frame):
    return read(infer(frame), frame)[0]


@pytest.fixture
def frame():
    generator = np.random.default_rng(0)
    n = 2000
    income = generator.gamma(2, 20, n)
    return pd.DataFrame(
        {
            "income": income,
            "debt": np.where(generator.random(n) < 0.1, np.nan, generator.gamma(2, 30, n)),
            "cents": income * 100,
            "m1": generator.normal(size=n),
            "m2": generator.normal(size=n),
            "m3": generator.normal(size=n),
            "tail": np.exp(3 * generator.normal(size=n)),
            "plan": generator.choice(["A", "B", "C"], n),
        }
    )


def column(table, name):
    return table.numbers[:, table.number_names.index(name)]


EVERYTHING = {
    "missing": "fill",
    "smooth": 50,
    "ratios": {"owed": ("debt", "income")},
    "trends": {"drift": ("m1", "m2", "m3")},
    "compress": 20.0,
    "correlated": 0.99,
    "clip": 0.01,
}


@pytest.mark.parametrize("settings", [{}, EVERYTHING, {"passes": 1}])
def test_the_table_of_the_fit_is_the_table_of_the_replayed_steps(frame, settings):
    table = table_of(frame)
    stage = Prepare(**settings)
    fitted = stage.fit_transform(table)
    replayed = stage.transform(table)
    assert fitted.numbers.tobytes() == replayed.numbers.tobytes()
    assert fitted.codes.tobytes() == replayed.codes.tobytes()
    for name in ("number_names", "code_names", "sizes"):
        assert getattr(fitted, name) == getattr(replayed, name)
    again = Prepare(**settings).fit(table)
    assert (again.log_, again.dropped_) == (stage.log_, stage.dropped_)
    assert again.transform(table).numbers.tobytes() == fitted.numbers.tobytes()


def test_ratios_and_trends_are_what_they_say(frame):
    table = table_of(frame)
    stage = Prepare(clip=0, ratios=EVERYTHING["ratios"], trends=EVERYTHING["trends"]).fit(table)
    found = stage.transform(table)
    np.testing.assert_allclose(column(found, "owed"), frame["debt"] / frame["income"])
    np.testing.assert_allclose(column(found, "drift"), (frame["m3"] - frame["m1"]) / 2)
    zero = table_of(frame.assign(income=0.0))
    assert np.isnan(column(stage.transform(zero), "owed")).all()


def test_a_second_pass_cleans_what_the_first_constructed(frame):
    stage = Prepare(clip=0.01, ratios=EVERYTHING["ratios"]).fit(table_of(frame))
    second = [change.step for change in stage.log_ if change.number == 2]
    assert {"clip outliers", "flag missing"} <= set(second)
    ratio = column(stage.transform(table_of(frame)), "owed")
    ratio = ratio[~np.isnan(ratio)]
    assert (ratio == ratio.max()).sum() == int(np.ceil(0.01 * len(ratio)))
    assert max(change.number for change in stage.log_) <= 3


def test_the_cycle_ends_and_a_pass_over_the_result_drops_nothing_more(frame):
    stage = Prepare(**{**EVERYTHING, "passes": 50}).fit(table_of(frame))
    assert max(change.number for change in stage.log_) <= 3
    one = Prepare(**{**EVERYTHING, "passes": 1}).fit(table_of(frame))
    assert {change.number for change in one.log_} == {1}


def test_the_log_says_what_each_pass_changed(frame):
    stage = Prepare(clip=0.01, correlated=0.99).fit(table_of(frame))
    steps = {change.step: change for change in stage.log_}
    assert steps["flag missing"].added == 1
    assert steps["reduce"].dropped == 1
    numbers = frame.select_dtypes("number")
    low, high = numbers.quantile(0.01), numbers.quantile(0.99)
    assert steps["clip outliers"].values == int(((numbers < low) | (numbers > high)).sum().sum())
    assert str(steps["reduce"]) == "pass 1, reduce: 1 columns dropped"


def test_highly_correlated_columns_go_unless_they_are_missing_apart(frame):
    assert Prepare(clip=0, correlated=0.99).fit(table_of(frame)).dropped_ == {
        "cents": "correlates with 'income' by 1.0000"
    }
    assert Prepare(correlated=1).fit(table_of(frame)).dropped_ == {}
    apart = frame.assign(cents=frame["cents"].where(frame.index % 9 > 0))
    assert Prepare(clip=0, correlated=0.99).fit(table_of(apart)).dropped_ == {}


def test_smoothing_keeps_order_and_at_most_so_many_values(frame):
    table = table_of(frame)
    smooth = Prepare(clip=0, smooth=20, correlated=1).fit(table).transform(table)
    values = column(smooth, "income")
    assert len(np.unique(values)) == 20
    order = np.argsort(frame["income"].to_numpy())
    assert (np.diff(values[order]) >= 0).all()
    assert np.array_equal(np.isnan(column(smooth, "debt")), frame["debt"].isna())


def test_compression_keeps_the_middle_and_the_order(frame):
    table = table_of(frame)
    stage = Prepare(clip=0, compress=8).fit(table)
    (compress,) = [step for step in stage.record_.steps if isinstance(step, Compress)]
    assert [table.number_names[j] for j in compress.columns] == ["tail"]
    before, after = frame["tail"].to_numpy(), column(stage.transform(table), "tail")
    assert (np.diff(after[np.argsort(before)]) >= 0).all()
    assert after.max() < before.max() / 3
    near = before < compress.scale[0] / 10
    np.testing.assert_allclose(after[near], before[near], rtol=2e-3)


def test_everything_at_once_is_frozen_survives_storage_and_drops_no_row(frame):
    table = table_of(frame)
    stage = Prepare(**EVERYTHING).fit(table)
    whole = stage.transform(table)
    assert len(whole) == len(table)
    alone = stage.transform(table.take(np.array([7])))
    np.testing.assert_array_equal(alone.numbers[0], whole.numbers[7])
    again = Prepare()
    again.record_ = unpack(type(stage.record_), *pack(stage.record_))
    np.testing.assert_array_equal(again.transform(table).numbers, whole.numbers)
    outside = table_of(frame.assign(income=1e12, debt=-1e12, m1=np.nan))
    assert np.isfinite(stage.transform(outside).numbers).all()


def test_a_ratio_of_an_unknown_number_is_refused(frame):
    with pytest.raises(ConfigError, match="'r' is made of the number 'dept': did you mean 'debt'"):
        Prepare(ratios={"r": ("dept", "income")}).fit(table_of(frame))
