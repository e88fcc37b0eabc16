"""Features of neighbours: those of a plain count, and nothing of what follows the cutoff."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.build import build
from dbnchurn.data.neighbours import ALWAYS
from dbnchurn.data.plan import DataPlan
from dbnchurn.data.stored_plan import features_count, read_stored_plan, storable_plan
from dbnchurn.graph.call_graph import graph_of
from dbnchurn.graph.hubs import find_hubs

CUTOFF = pd.Timestamp("2024-08-01")
HUB = 777
NAMES = [f"calls_{feature.name}" for feature in ALWAYS]


def crm(seed=0, n=80, rows=1_500):
    """Months April to September, calls among customers and strangers, and departures by day."""
    generator = np.random.default_rng(seed)
    ids = np.arange(1, n + 1)
    gone = pd.DataFrame({"id": ids[: n // 2]})
    gone["on"] = pd.Timestamp("2024-06-10") + pd.to_timedelta(
        generator.integers(0, 80, len(gone)), unit="D"
    )
    months = pd.to_datetime([f"2024-{m:02d}-01" for m in range(4, 10)])
    basic = pd.DataFrame({"id": np.repeat(ids, 6), "month": np.tile(months, n)})
    basic["gb"] = np.round(generator.gamma(2, 20, len(basic)), 2)
    last = basic["id"].map(gone.set_index("id")["on"])
    basic = basic[last.isna() | (basic["month"] <= last)].reset_index(drop=True)
    caller = generator.integers(1, n + 1, rows)
    near = (caller + generator.integers(1, 6, rows)) % (n + 20)
    calls = pd.DataFrame({"id": caller, "to": np.where(generator.random(rows) < 0.1, HUB, near)})
    back = calls["to"].between(1, n) & (generator.random(rows) < 0.5)
    calls.loc[back, ["id", "to"]] = calls.loc[back, ["to", "id"]].to_numpy()
    calls["at"] = pd.Timestamp("2024-04-01") + pd.to_timedelta(
        generator.integers(0, 150 * 1440, rows), unit="min"
    )
    calls["minutes"] = np.round(generator.exponential(5, rows), 1)
    return {"basic": basic, "calls": calls, "gone": gone}


def plan(folder, tables, cutoffs=("2024-08-01",), **neighbours):
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    path = {name: {"path": str(folder / f"{name}.parquet"), "key": "id"} for name in tables}
    return DataPlan.model_validate(
        {
            "base": "basic",
            "windows": {"cutoffs": list(cutoffs), "observation": "3 months", "outcome": "1 month"},
            "label": {"table": "gone", "kind": "events"},
            "tables": {
                "basic": {**path["basic"], "date": "month", "grain": "month"},
                "calls": {**path["calls"], "date": "at", "max_gap": 60},
                "gone": {**path["gone"], "date": "on", "max_gap": 60},
            },
            "features": {"basic": {"window": {"mean": ["gb"]}}},
            "neighbours": {
                "calls": {
                    "to": "to", "weight": "minutes", "usage": {"basic": ["gb"]},
                    "hubs": {"times": 3}, **neighbours,
                }
            },
        }
    )  # fmt: skip


def built(folder, tables, *, cutoffs=("2024-08-01",), **options):
    folder.mkdir()
    neighbours = options.pop("neighbours", {})
    made = build(
        plan(folder, tables, cutoffs, **neighbours), folder / "out", n_threads=1, **options
    )
    return made, pd.read_parquet(made.features).set_index(["id", "cutoff"]).sort_index()


def expected(tables, cutoff=CUTOFF, directions="both"):
    """The features by plain Python."""
    start = cutoff - pd.DateOffset(months=3)
    calls = tables["calls"]
    calls = calls[(calls["at"] >= start) & (calls["at"] < cutoff) & (calls["id"] != calls["to"])]
    weight, partners = {}, {}
    for a, b, w in zip(calls["id"], calls["to"], calls["minutes"], strict=True):
        pairs = [(a, b), (b, a)]
        for one, other in pairs:
            weight[one, other] = weight.get((one, other), 0) + w
        for one, other in pairs[: 1 if directions == "out" else 2]:
            partners.setdefault(one, set()).add(other)
    ends = tables["basic"]["month"] + pd.DateOffset(months=1) <= cutoff
    known = set(tables["basic"].loc[ends, "id"])
    left = tables["gone"][tables["gone"]["on"] < cutoff].set_index("id")["on"]
    months = tables["basic"][ends & (tables["basic"]["month"] >= start)]
    usage = months.groupby("id")["gb"].mean()
    found = {}
    for one, others in partners.items():
        others = others - {HUB}
        own = others & known
        gone = [left[other] for other in own if other in left.index]
        total = sum(weight[one, other] for other in own)
        away = sum(weight[one, other] for other in own if other in left.index)
        mean = [usage[other] for other in others if other in usage.index]
        found[one] = [
            len(others), len(own), len(gone),
            sum(day > cutoff - pd.DateOffset(months=1) for day in gone),
            len(gone) / len(own) if own else np.nan,
            away / total if total else np.nan,
            min(((cutoff - day).days for day in gone), default=np.nan),
            np.mean(mean) if mean else np.nan,
        ]  # fmt: skip
    return found


@pytest.mark.parametrize("directions", ["both", "out"])
def test_features_are_those_of_a_plain_count(tmp_path, directions):
    tables = crm()
    made, table = built(tmp_path / "a", tables, neighbours={"directions": directions})
    told = expected(tables, directions=directions)
    columns = [*NAMES, "calls_neighbours_basic_gb_mean"]
    assert set(columns) <= set(table.columns)
    nobody = [0, 0, 0, 0, *[np.nan] * 4]
    for key, row in table[columns].iterrows():
        np.testing.assert_allclose(row, told.get(key[0], nobody), atol=1e-4, err_msg=str(key))
    assert table["calls_neighbours_left"].sum() > 20
    assert any(f"{HUB} (" in note for note in made.notes)
    assert features_count(made.plan) == len(columns) + 1


@pytest.mark.parametrize("seed", [0, 1, pytest.param(2, marks=pytest.mark.long)])
def test_calls_usage_and_departures_from_the_cutoff_on_change_nothing(tmp_path, seed):
    tables = crm(seed)
    _, table = built(tmp_path / "a", tables)
    other = crm(seed + 100)
    spoilt = {
        name: pd.concat([
            tables[name][tables[name][when] < CUTOFF], other[name][other[name][when] >= CUTOFF]
        ])
        for name, when in (("calls", "at"), ("gone", "on"), ("basic", "month"))
    }  # fmt: skip
    spoilt["gone"] = spoilt["gone"].drop_duplicates("id")
    _, again = built(tmp_path / "b", spoilt)
    names = [name for name in table.columns if name.startswith("calls_")]
    pd.testing.assert_frame_equal(table[names], again[names])


def test_a_gap_hides_the_departures_in_it(tmp_path):
    """Who leaves between cutoff and outcome window is not known at the cutoff."""
    tables = crm()
    _, table = built(tmp_path / "a", tables)
    (tmp_path / "b").mkdir()
    with_gap = plan(tmp_path / "b", tables)
    windows = with_gap.windows.model_copy(update={"gap": "2 weeks", "outcome": "2 weeks"})
    made = build(with_gap.model_copy(update={"windows": windows}), tmp_path / "b/out", n_threads=1)
    later = pd.read_parquet(made.features).set_index(["id", "cutoff"]).sort_index()
    assert len(later) < len(table)
    pd.testing.assert_frame_equal(later[NAMES], table.loc[later.index, NAMES])


def test_a_scoring_month_has_the_features_of_training(tmp_path):
    tables = crm()
    cutoffs = ("2024-07-01", "2024-08-01")
    _, training = built(tmp_path / "a", tables, cutoffs=cutoffs)
    for number, month in enumerate(cutoffs):
        day = date.fromisoformat(month)
        _, scored = built(
            tmp_path / f"b{number}", tables, cutoffs=[month], labelled=False, until=day
        )
        own = training.xs(pd.Timestamp(month).date(), level="cutoff", drop_level=False)
        pd.testing.assert_frame_equal(scored[NAMES], own[NAMES])


def test_the_order_of_the_rows_does_not_matter(tmp_path):
    tables = crm()
    _, table = built(tmp_path / "a", tables)
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in tables.items()}
    _, again = built(tmp_path / "b", shuffled)
    pd.testing.assert_frame_equal(table, again)


def test_keys_of_text_give_the_same_features(tmp_path):
    tables = crm()
    _, table = built(tmp_path / "a", tables)
    texts = {name: f.assign(id="c" + f["id"].astype(str)) for name, f in tables.items()}
    texts["calls"]["to"] = "c" + tables["calls"]["to"].astype(str)
    _, again = built(tmp_path / "b", texts)
    again.index = again.index.set_levels(again.index.levels[0].str[1:].astype(int), level=0)
    pd.testing.assert_frame_equal(table, again.sort_index(), check_index_type=False)


def test_hubs_are_those_of_the_call_graph(tmp_path):
    tables = crm(3)
    made, _ = built(tmp_path / "a", tables)
    calls = tables["calls"]
    calls = calls[calls["at"].between(CUTOFF - pd.DateOffset(months=3), CUTOFF, "left")]
    ids, code = np.unique(np.r_[calls["id"], calls["to"]], return_inverse=True)
    graph = graph_of(ids, code[: len(calls)], code[len(calls) :], np.ones(len(calls)))
    hubs = find_hubs(graph, made.plan.neighbours["calls"].hubs)
    assert graph.ids[hubs.nodes].tolist() == [HUB]
    assert [note for note in made.notes if f"hubs are no neighbours: {HUB} (" in note]


def test_hubs_that_are_kept_are_neighbours(tmp_path):
    tables = crm()
    _, cut = built(tmp_path / "a", tables)
    made, kept = built(tmp_path / "b", tables, neighbours={"hubs": {"times": 3, "never": [HUB]}})
    assert not made.notes
    more = kept["calls_neighbours"] - cut["calls_neighbours"]
    assert set(more) == {0.0, 1.0}
    one_way = {**tables, "calls": tables["calls"].assign(to=HUB)}
    made, _ = built(tmp_path / "c", one_way, neighbours={"hubs": {"also": [HUB, "nobody"]}})
    assert any("hardly any tie goes both ways" in note for note in made.notes)
    assert any(f"hubs are no neighbours: {HUB} (" in note for note in made.notes)
    assert any("hubs.also names 'nobody', and no call" in note for note in made.notes)


def test_weights_below_0_and_unlike_keys_are_refused(tmp_path):
    tables = crm()
    missed = tables["calls"].assign(minutes=tables["calls"]["minutes"].mask(lambda m: m < 1, -1.0))
    with pytest.raises(DataError, match=r"is below 0 in .* rows; if these are calls"):
        built(tmp_path / "a", {**tables, "calls": missed})
    texts = tables["calls"].assign(to="c" + tables["calls"]["to"].astype(str))
    with pytest.raises(DataError, match="'to' is text and the key 'id' is a number"):
        built(tmp_path / "b", {**tables, "calls": texts})


def test_columns_that_are_absent_or_hold_no_numbers_are_refused_at_once(tmp_path):
    tables = crm(rows=200)
    tables["calls"]["word"] = "long"
    neighbours = {"weight": "word", "usage": {"basic": ["gbs", "month"]}}
    with pytest.raises(DataError, match=r"usage\.basic: .* no column 'gbs'") as told:
        built(tmp_path / "a", tables, neighbours=neighbours)
    assert "did you mean 'gb'" in str(told.value)
    assert "column 'month' of the table 'basic' is a date and has to hold numbers" in str(
        told.value
    )
    assert "calls.weight: column 'word' of the table 'calls' is a category" in str(told.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"label": {"table": "calls", "kind": "inactivity"}}, "a label of kind events or status"),
        ({"neighbours": {"basic": {"to": "gb"}}}, "calls are events"),
        ({"neighbours": {"call": {"to": "to"}}}, "did you mean 'calls'"),
        ({"neighbours": {"calls": {"to": "id"}}}, "is the key of the table"),
        ({"neighbours": {"calls": {"to": "to", "usage": {"nothing": ["x"]}}}}, "'nothing'"),
        ({"neighbours": {"calls": {"to": "to", "usage": {"basic": []}}}}, "names no column"),
    ],
)
def test_plans_that_cannot_be_built_are_refused(tmp_path, change, sentence):
    plain = plan(tmp_path, crm()).model_dump(mode="json")
    with pytest.raises(ValueError, match=sentence):
        DataPlan.model_validate({**plain, **change})


def test_a_stored_plan_keeps_its_neighbours(tmp_path):
    made = plan(tmp_path, crm())
    assert read_stored_plan(storable_plan(made)).plan.neighbours == made.neighbours
