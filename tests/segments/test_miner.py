"""The miner as a whole: what it must find, what it must not, and what it refuses."""

import json
import pickle
import warnings

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from dbnchurn.core.errors import ConfigError, DataError, LeakageWarning
from dbnchurn.segments import SegmentMiner, load, save
from dbnchurn.segments.bins import code_rows
from dbnchurn.segments.columns import read_columns
from dbnchurn.segments.conditions import Between


def people(n=6000, seed=0):
    """Customers of every dtype; those over 60 and those on the o'clock plan say yes more often."""
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": generator.integers(18, 80, n),
            "charge": np.where(generator.random(n) < 0.1, np.nan, generator.lognormal(3, 1, n)),
            "calls": pd.array(generator.poisson(1, n), "Int64"),
            "plan": pd.Categorical(generator.choice(["gold", "iron", "o'clock"], n)),
            "job": generator.choice(["cook", "clerk", "coach"], n),
            "active": generator.random(n) < 0.5,
            "x1": generator.random(n),
        },
        index=generator.permutation(n),
    )
    X.loc[X.index[::17], "job"] = None
    rate = np.select(
        [X["age"] >= 60, X["plan"] == "o'clock", X["charge"].isna()], [0.5, 0.35, 0.4], 0.08
    )
    return X, pd.Series((generator.random(n) < rate).astype(int), index=X.index)


@pytest.fixture(scope="module")
def data():
    return people()


@pytest.fixture(scope="module")
def miner(data):
    return SegmentMiner(random_state=0, bins=8, permutations=2, cost=1.0, value=5.0).fit(*data)


# -- truth ---------------------------------------------------------------------------------------


def planted(n=100_000, seed=0):
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(generator.random((n, 12)), columns=[f"c{j}" for j in range(12)])
    one = X["c0"] >= 0.9
    two = X["c1"].between(0.3, 0.6, "left") & (X["c2"] < 0.4)
    three = X["c3"].between(0.5, 0.8, "left") & X["c4"].between(0.2, 0.6, "left") & (X["c5"] >= 0.4)
    rate = np.select([three, two, one], [0.6, 0.35, 0.25], 0.05)
    return X, generator.random(n) < rate


def test_planted_boxes_are_found_with_their_exact_edges():
    X, y = planted()
    tenths = {name: np.arange(1, 10) / 10 for name in X}
    found = SegmentMiner(edges=tenths, random_state=0).fit(X, y).segments_.segments
    inf = float("inf")
    assert [{(c.column, c.low, c.high) for c in segment.conditions} for segment in found] == [
        {("c3", 0.5, 0.8), ("c4", 0.2, 0.6), ("c5", 0.4, inf)},
        {("c1", 0.3, 0.6), ("c2", -inf, 0.4)},
        {("c0", 0.9, inf)},
    ]
    for segment, rate in zip(found, [0.6, 0.35, 0.25], strict=True):
        low, high = segment.report.interval(0.999)
        assert low < rate < high


def test_with_quantile_bins_the_planted_edges_are_the_nearest():
    X, y = planted(seed=1)
    found = SegmentMiner(random_state=0).fit(X, y).segments_.segments
    best = {c.column: c for c in found[0].conditions}
    assert set(best) == {"c3", "c4", "c5"}
    assert isinstance(best["c3"], Between)
    assert (best["c3"].low, best["c3"].high) == pytest.approx((0.5, 0.8), abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("times", "least"), [(25, 21), pytest.param(100, 89, marks=pytest.mark.long)]
)
@pytest.mark.parametrize("mode", ["ranges", "paper"])
def test_on_shuffled_answers_nothing_is_called_significant(mode, times, least):
    X, y = planted(8000)
    X = X.iloc[:, :6]
    quiet = 0
    for seed in range(times):
        mixed = np.random.default_rng(seed).permutation(y)
        found = SegmentMiner(mode=mode, random_state=seed).fit(X, mixed)
        quiet += found.segments_.significant == 0
    # at a level of 5 % at least so many are quiet but for a chance of 1 %
    assert quiet >= least


def test_real_answers_hold_on_customers_nobody_looked_at():
    datasets = pytest.importorskip("empulse.datasets")
    table = datasets.load_upsell_bank_telemarketing(backend="pandas")
    found = SegmentMiner(random_state=0).fit(table.data, table.target).segments_
    total, base = found.total(), found.base["report"]
    assert total.rows >= 0.05 * base.rows
    assert total.value >= 2 * base.value


# -- laws ----------------------------------------------------------------------------------------


def test_a_customer_belongs_to_the_first_segment_that_fits(data, miner):
    X, _ = data
    number = miner.assign(X)
    assert number.index.equals(X.index)
    assert str(number.dtype) == "Int64"
    left = pd.Series(True, X.index)
    columns = {c.name: c for c in read_columns(X)}
    for k, segment in enumerate(miner.segments_.segments, start=1):
        inside = segment.holds(columns) & left
        assert (number[inside] == k).all()
        left &= ~inside
    assert number[left].isna().all()


def test_the_table_is_measured_on_the_report_part_alone(data, miner):
    X, y = data
    rows = miner.parts_.report
    table, again = miner.table(), miner.evaluate(X.iloc[rows], y.iloc[rows])
    shared = [c for c in again if c in table]
    pd.testing.assert_frame_equal(table[shared], again[shared])
    assert (again["change"] == 0).all()
    number = miner.assign(X.iloc[rows])
    for row in table.itertuples():
        inside = y.iloc[rows][(number == row.segment).fillna(False)]
        assert (row.customers, row.hits) == (len(inside), inside.sum())


def test_the_columns_of_the_table_fit_together(data, miner):
    table, base = miner.table(), miner.segments_.base["report"]
    assert len(table) >= 3
    assert table["rate"].to_numpy() == pytest.approx(table["hits"] / table["customers"])
    assert (table["low"] < table["rate"]).all()
    assert (table["rate"] < table["high"]).all()
    assert table["lift"].to_numpy() == pytest.approx(table["rate"] / base.value)
    assert table["reach"].sum() == pytest.approx(table["cumulative_reach"].iloc[-1])
    assert table["cumulative_customers"].to_numpy() == pytest.approx(table["customers"].cumsum())
    assert table["cumulative_share"].to_numpy() == pytest.approx(
        table["cumulative_customers"] / base.rows
    )
    assert table["profit"].to_numpy() == pytest.approx(5 * table["hits"] - table["cost"])
    assert table["overlap"].between(0, 1).all()
    assert table["overlap"].iloc[0] == 0
    total = miner.segments_.total()
    assert (total.hits, total.rows) == (table["hits"].sum(), table["customers"].sum())


def test_sql_gives_every_customer_the_same_segment(data, miner):
    from dbnchurn.segments.files import to_sql

    X, _ = data
    connection = duckdb.connect()
    connection.register("customers", X.assign(row=np.arange(len(X))))
    query = to_sql(miner.segments_).split("-- every customer")[1].split("\n", 1)[1]
    found = connection.sql(query).df().sort_values("row")["segment"]
    expected = miner.assign(X).astype("Float64").to_numpy(float, na_value=np.nan)
    assert np.array_equal(found.to_numpy(float, na_value=np.nan), expected, equal_nan=True)
    for row in miner.table().itertuples():
        count = connection.sql(f"SELECT count(*) FROM customers WHERE {row.sql}").fetchall()[0][0]
        columns = {c.name: c for c in read_columns(X)}
        assert count == miner.segments_.segments[row.segment - 1].holds(columns).sum()


def test_codes_and_conditions_agree_on_every_part(data, miner):
    X, y = data
    coded = code_rows(
        miner.axes_, read_columns(X[[a.column for a in miner.axes_]]), y.to_numpy() == 1
    )
    number = miner.assign(X).fillna(0).to_numpy()
    for name, rows in zip(("mined", "selected", "report"), miner.parts_, strict=True):
        part = coded.take(rows)
        for k, segment in enumerate(miner.segments_.segments, start=1):
            inside = number[rows] == k
            rate = getattr(segment, name)
            assert (rate.rows, rate.hits) == (inside.sum(), part.hits[inside].sum())


def test_a_seed_gives_the_same_and_leaves_all_else_alone(data):
    X, y = data
    before, state = X.copy(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = SegmentMiner(random_state=3, bins=5, permutations=1).fit(X, y)
    second = clone(first).fit(X, y)
    other = SegmentMiner(random_state=4, bins=5).fit(X, y)
    assert first.segments_ == second.segments_
    assert not np.array_equal(first.parts_.mine, other.parts_.mine)
    pd.testing.assert_frame_equal(X, before)
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    for seed in (np.random.default_rng(0), np.random.RandomState(0), None):
        assert len(SegmentMiner(random_state=seed, bins=5).fit(X, y).segments_) > 0


def test_order_and_names_of_columns_and_rows_do_not_matter(data):
    X, y = data
    dated = X.assign(when=np.arange(len(X)))
    settings = {"date": "when", "bins": 5}
    first = SegmentMiner(**settings).fit(dated, y).segments_
    mixed = np.random.default_rng(0).permutation(len(X))
    second = SegmentMiner(**settings).fit(dated.iloc[mixed], y.iloc[mixed]).segments_
    assert first == second
    turned = SegmentMiner(**settings).fit(dated[dated.columns[::-1]], y).segments_
    assert {s.report for s in first.segments} == {s.report for s in turned.segments}


def test_it_is_a_scikit_learn_estimator(data, miner):
    assert clone(miner).get_params() == miner.get_params()
    assert SegmentMiner().set_params(bins=7).bins == 7
    assert pickle.loads(pickle.dumps(miner)).segments_ == miner.segments_
    assert miner.n_features_in_ == data[0].shape[1]
    with pytest.raises(NotFittedError):
        SegmentMiner().table()


def test_an_array_will_do(data):
    X, y = data
    array = X[["age", "x1"]].to_numpy(float)
    found = SegmentMiner(random_state=0, bins=5).fit(array, y.to_numpy())
    assert all(c.column == "x0" for s in found.segments_.segments for c in s.conditions)
    assert found.assign(array).notna().any()


def test_the_permutation_diagnostic_shows_the_optimism(miner):
    chance = miner.segments_.chance
    base = miner.segments_.base["report"].value
    assert chance.runs == 2
    assert chance.shuffled_mined.value > 1.3 * base
    assert chance.shuffled_fresh.value == pytest.approx(base, abs=0.06)
    assert "in 0 of 2 runs" in chance.summary_text("buy", base)


def test_paper_mode_mines_single_items_ranked_by_rate(data):
    found = SegmentMiner(mode="paper", random_state=0, bins=5, max_length=2, min_rate=0.3).fit(
        *data
    )
    rates = found.candidates_["mined_rate"].to_numpy()
    assert len(rates) > 5
    assert np.all(np.diff(rates) <= 0)
    assert rates.min() >= 0.3
    assert found.candidates_["mined_hits"].min() >= 30


def test_scores_above_a_threshold_explain_a_models_list(data):
    X, _ = data
    scores = 1 / (1 + np.exp(-(X["age"] - 60.0)))
    found = SegmentMiner(threshold=0.5, random_state=0, edges={"age": [30, 45, 60]}).fit(X, scores)
    table = found.table()
    assert table["words"].tolist() == ["age 60 or more"]
    assert table["rate"].tolist() == [1.0]
    assert found.evaluate(X, scores)["reach"].tolist() == [1.0]


def test_text_answers_and_groups(data):
    X, y = data
    words = y.map({0: "stays", 1: "leaves"})
    groups = np.arange(len(X)) // 2
    found = SegmentMiner(positive="leaves", random_state=0, bins=5).fit(X, words, groups=groups)
    assert not set(groups[found.parts_.mine]) & set(groups[found.parts_.report])
    assert len(found.evaluate(X, words)) == len(found.segments_)


def test_words_decide_as_the_user_would(data):
    X, y = data
    lists = [
        SegmentMiner(random_state=0, bins=5, **given).fit(X, answers).segments_
        for answers, given in [
            (y, {}),
            (y.map({0: "existing customer", 1: "Attrited Customer"}), {}),
            (y.map({0: "A", 1: "B"}), {"positive": "b"}),
            (y.map({0: "A", 1: "B"}), {"negative": ["A", "C"], "positive": ["B", "D"]}),
        ]
    ]
    assert {found.positive for found in lists} == {(1,), ("Attrited Customer",), ("B",)}
    for found in lists[1:]:
        pd.testing.assert_frame_equal(found.table(), lists[0].table())
    assert lists[0].evaluate(X, y.map({0: "no", 1: "YES"})).equals(lists[0].evaluate(X, y))
    with pytest.raises(DataError, match=r"labels that training has not: 'A' .*, 'B'"):
        lists[0].evaluate(X, y.map({0: "A", 1: "B"}))
    rows = f"{100 * y.mean():.1f} % of {len(y):,} customers"
    assert lists[0].yes_sentence() == f"Counts as “say yes”: {y.name or 'label'} = 1, {rows}."


def test_a_smaller_budget_reaches_fewer_customers(data):
    X, y = data
    shares = []
    for budget in (None, 0.3, 0.15):
        found = SegmentMiner(budget=budget, random_state=0).fit(X, y).segments_
        selected = found.approached("selected")
        shares.append(selected.rows / found.base["select"].rows)
        assert budget is None or shares[-1] == pytest.approx(budget, abs=1e-3)
        table = found.table()
        assert table["cumulative_share"].iloc[-1] == pytest.approx(
            (table["approach"] * table["customers"]).sum() / found.base["report"].rows
        )
        assert table["cumulative_reach"].iloc[-1] == pytest.approx(
            (table["approach"] * table["reach"]).sum()
        )
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] > 0


def test_a_constant_column_is_left_out_and_named(data):
    X, y = data
    found = SegmentMiner(random_state=0, bins=5).fit(X.assign(same=1, gone=np.nan), y)
    assert set(found.skipped_) == {"same", "gone"}


def test_settings_may_be_numpys(data):
    edges = {"age": np.array([30, 45, 60]), "charge": [np.int64(20), np.float32(50)]}
    plain = {"age": [30, 45, 60], "charge": [20, 50]}
    first = SegmentMiner(random_state=0, bins=np.int64(5), edges=edges).fit(*data)
    second = SegmentMiner(random_state=0, bins=5, edges=plain).fit(*data)
    assert first.segments_ == second.segments_


def test_measuring_what_mining_promises_leaves_a_fitted_miner_as_it_is(data):
    X, y = data
    found = SegmentMiner(random_state=0, bins=5).fit(X, y)
    parts, axes = found.parts_, found.axes_
    mined, fresh, customers = found.best_mined(X[["age", "x1"]], y)
    assert 0 <= fresh <= 1
    assert 0 <= mined <= 1
    assert 0 < customers <= 1
    assert found.parts_ is parts
    assert found.axes_ is axes


def test_one_column_is_enough(data):
    X, y = data
    found = SegmentMiner(random_state=0).fit(X[["age"]], y)
    assert all(len(s.conditions) == 1 for s in found.segments_.segments)
    assert len(found.segments_) >= 1


def test_where_there_is_nothing_the_list_is_empty_and_still_works(tmp_path):
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.random((2000, 3)), columns=list("abc"))
    found = SegmentMiner(random_state=0).fit(X, generator.random(2000) < 0.2).segments_
    assert len(found) == 0
    assert found.assign(X).isna().all()
    assert found.evaluate(X, np.arange(2000) % 2).empty
    save(found, tmp_path)
    assert load(tmp_path) == found
    assert "No segment does better" in (tmp_path / "segments.html").read_text()


# -- new data ------------------------------------------------------------------------------------


def test_unknown_levels_and_missing_values_at_assign(data, miner):
    X, _ = data
    new = X.head(4).copy().astype({"plan": object})
    new["plan"] = ["never seen", None, "o'clock", "gold"]
    new["age"] = [20, np.nan, 20, 1e9]
    new["charge"] = 30.0
    number = miner.assign(new)
    assert number.iloc[:2].isna().all()
    assert number.iloc[2:].notna().all()


def test_a_column_may_change_its_dtype_but_not_its_kind(data, miner):
    X, _ = data
    same = X.astype({"age": "float32", "plan": str, "active": int, "calls": "float64"})
    pd.testing.assert_series_equal(miner.assign(same), miner.assign(X))
    with pytest.raises(DataError, match=r"'age' .number., row .*: 'old' is not a number"):
        miner.assign(X.assign(age="old"))
    assert miner.assign(X.assign(age=None, plan=None)).notna().any()  # all missing is no change


def test_tables_of_other_libraries_and_spellings_are_the_same_table(data, miner):
    X, y = data
    arrow = pa.Table.from_pandas(X, preserve_index=False)
    settings = {"bins": 8, "random_state": 0}
    assert (
        SegmentMiner(**settings)
        .fit(arrow, y)
        .table()
        .equals(SegmentMiner(**settings).fit(X, y).table())
    )
    assert miner.assign(arrow).tolist() == miner.assign(X).tolist()


def test_a_level_in_another_spelling_is_that_level(tmp_path):
    generator = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "contract": generator.choice(["Yes", "No"], 4000),
            "rate": generator.choice(["0.1", "0.25", "0.5"], 4000),
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(generator.integers(0, 1000, 4000), "D"),
        }
    )
    for column, other in {
        "contract": X["contract"].replace({"Yes": "TRUE", "No": "false"}),
        "rate": X["rate"].replace({"0.1": "0.10", "0.5": "0.50"}),
        "since": X["since"].dt.strftime("%d.%m.%Y"),
    }.items():
        chosen = {"contract": X["contract"] == "Yes", "rate": X["rate"] == "0.1"}
        strong = chosen.get(column, X["since"] > "2022-01-01")
        y = generator.random(4000) < np.where(strong, 0.5, 0.1)
        found = SegmentMiner(random_state=0).fit(X, y).segments_
        assert column in found.kinds
        spelled = X.assign(**{column: other})
        save(found, tmp_path)
        for segments in (found, load(tmp_path)):
            assert segments.assign(spelled).equals(segments.assign(X))
            assert segments.assign(spelled).notna().any()
        # Lists that were stored without their schema name their levels.
        stored = json.loads((tmp_path / "segments.json").read_text())
        del stored["schema"]
        (tmp_path / "segments.json").write_text(json.dumps(stored))
        assert load(tmp_path).assign(spelled).equals(found.assign(X))


def test_a_column_that_decides_the_answer_is_warned_of(data):
    X, y = data
    leaky = X.assign(told=np.asarray(y) * 0.9)
    with pytest.warns(LeakageWarning, match="1 column seems to reveal .*single_column: told"):
        SegmentMiner(random_state=0).fit(leaky, y)
    with pytest.raises(DataError, match="single_column: told"):
        SegmentMiner(random_state=0, leakage="error").fit(leaky, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SegmentMiner(random_state=0, leakage="off").fit(leaky, y)


def test_only_the_columns_of_the_segments_are_needed(data, miner):
    X, _ = data
    needed = list(miner.segments_.kinds)
    assert len(needed) < X.shape[1]
    pd.testing.assert_series_equal(miner.assign(X[needed]), miner.assign(X))
    with pytest.raises(DataError, match=r"X has no column 'age': did you mean 'agee'"):
        miner.assign(X.rename(columns={"age": "agee"}))
    with pytest.raises(DataError, match="X has no column 'age'"):
        miner.evaluate(X.drop(columns="age"), np.arange(len(X)) % 2)


# -- bad input -----------------------------------------------------------------------------------

TABLE, ANSWERS = people(400)
BAD_DATA = [
    (TABLE, np.zeros(400), {}, r"y holds one class only \(0 in all 400"),
    (TABLE, np.ones(400), {}, r"y holds one class only \(1 in all 400"),
    (TABLE, np.where(ANSWERS, "B", "A"), {}, r"positive='A'\) or SegmentMiner\(positive='B'\)"),
    (TABLE, pd.Series(ANSWERS, name="active"), {}, "says the opposite of leaving.*two ways"),
    (TABLE, np.where(ANSWERS, " ", "A"), {}, "y is missing in"),
    (TABLE, np.full(400, 0.1), {"threshold": 0.5}, "y has no positives in 400 rows"),
    (TABLE, ANSWERS, {"min_count": 300}, r"part to mine has \d+ positives.*lower min_count"),
    (TABLE["age"], ANSWERS, {}, r"X is one column \('age'\), not a table.*X\[\['age'\]\]"),
    (np.arange(400), ANSWERS, {}, "2-D array, but has 1 dimensions"),
    (TABLE[["age"]].assign(age=3), ANSWERS, {}, "no column tells customers apart: 'age' hold one"),
    (TABLE[[]], ANSWERS, {}, "400 rows and 0 columns"),
    (TABLE.head(0), [], {}, "0 rows"),
    (pd.concat([TABLE, TABLE[["age"]]], axis=1), ANSWERS, {}, "several columns of one name: 'age'"),
    (TABLE, ANSWERS, {"max_cells": 500}, r"max_cells=500; the largest are .*\. Lower max_length"),
    (TABLE[["age"]], ANSWERS, {"date": "age"}, "no column besides the date 'age'"),
    (TABLE, ANSWERS[:300], {}, "y has 300 rows, but X has 400"),
]  # fmt: skip


@pytest.mark.parametrize(("X", "y", "settings", "message"), BAD_DATA)
def test_tables_that_cannot_be_used(X, y, settings, message):
    with pytest.raises(DataError, match=message):
        SegmentMiner(**{"min_count": 5, "bins": 4, **settings}).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cost": float("nan")}, "cost=nan"),
        ({"cost": -1}, r"SegmentMiner\(cost=-1\) should be greater than or equal to 0"),
        ({"value": -1}, "value=-1"),
        ({"budget": 0}, r"SegmentMiner\(budget=0\) should be greater than 0"),
        ({"budget": 5}, "budget=5"),
        ({"mode": "range"}, "should be 'ranges' or 'paper'"),
        ({"method": "kmeans"}, "method='kmeans'"),
        ({"bins": 1}, r"SegmentMiner\(bins=1\) should be greater than or equal to 2"),
        ({"bins": 2.5}, "bins=2.5"),
        ({"bins": float("nan")}, "bins=nan"),
        ({"bins": float("inf")}, "bins=inf"),
        ({"threshold": "high"}, "threshold=.high."),
        ({"bins": True}, "bins=True"),
        ({"max_length": 0}, "max_length=0"),
        ({"alpha": 0}, "alpha=0"),
        ({"min_rate": "high"}, "min_rate='high'"),
        ({"permutations": -1}, "permutations=-1"),
        ({"parts": (0.5, 0.5)}, "parts=.* three positive shares"),
        ({"parts": (0.5, 0.5, 0.5)}, "parts=.* sum to 1"),
        ({"edges": [1, 2]}, r"edges=\[1, 2\]\) should be a valid dictionary"),
        ({"special": {"age": "none"}}, r"special=.* not allowed as a Sequence value \(at 'age'\)"),
        ({"edges": {"age": 3}}, r"edges=.* should be a list \(at 'age'\)"),
        ({"date": "day"}, "date names column 'day', which X lacks"),
        ({"edges": {"agee": [1]}}, "edges names column 'agee', which X lacks: did you mean 'age'"),
        ({"special": {"job": [1]}}, "special names column 'job', which is not numeric"),
        ({"date": "age", "groups": True}, "groups and date exclude each other"),
    ],
)
def test_parameters_that_are_not_allowed(settings, message):
    given = dict(settings)
    groups = np.arange(len(TABLE)) if given.pop("groups", False) else None
    with pytest.raises(ConfigError, match=message):
        SegmentMiner(**given).fit(TABLE, ANSWERS, groups=groups)
