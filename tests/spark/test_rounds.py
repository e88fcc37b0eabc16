"""Features of neighbours are built in rounds, and are those of one machine for any division."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.build import build
from dbnchurn.data.plan import DataPlan
from dbnchurn.spark import prepare
from dbnchurn.spark import rounds as module
from tests.data.small_crm import deep
from tests.data.test_neighbours import HUB, crm
from tests.data.test_neighbours import plan as plan_of
from tests.spark.conftest import assert_like_here

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
CUTOFFS = ("2024-07-01", "2024-08-01")


def as_csv(folder, plan):
    """The plan with calls as CSV, whose columns are described."""
    calls = pd.read_parquet(folder / "calls.parquet")
    calls.to_csv(folder / "calls.csv", index=False)
    columns = {"to": {"kind": "integer"}, "minutes": {"kind": "number"}}
    tables = {"calls": {"path": str(folder / "calls.csv"), "columns": columns}}
    return DataPlan.model_validate(deep(plan.model_dump(mode="json"), {"tables": tables}))


def rounds_of(monkeypatch):
    """How often parts were built since."""
    told = []
    built = module._Rounds.build
    monkeypatch.setattr(module._Rounds, "build", lambda self: told.append(1) or built(self))
    return told


@pytest.mark.parametrize(
    ("parts", "kind", "options"),
    [
        pytest.param(1, "parquet", {}, marks=pytest.mark.long),
        (2, "csv", {}),
        pytest.param(4, "csv", {}, marks=pytest.mark.long),
        pytest.param(7, "parquet", {"directions": "out", "weight": None}, marks=pytest.mark.long),
    ],
)
def test_features_of_neighbours_are_those_of_one_machine(
    spark, tmp_path, monkeypatch, parts, kind, options
):
    plan = plan_of(tmp_path, crm(), CUTOFFS, **options)
    if kind == "csv":
        plan = as_csv(tmp_path, plan)
    told = rounds_of(monkeypatch)
    prepared = prepare(plan, spark, parts=parts)
    assert len(told) == (1 if parts == 1 else 3)
    here = assert_like_here(prepared, plan, tmp_path)
    prepared.close()
    assert any(f"hubs are no neighbours: {HUB} (" in note for note in here.notes)
    table = pd.read_parquet(here.features)
    assert (table["calls_neighbours_left"] > 0).sum() > 20


def spoilt(tables, other, until):
    """The tables before a day, and others from then on."""
    found = {
        name: pd.concat(
            [tables[name][tables[name][day] < until], other[name][other[name][day] >= until]]
        )
        for name, day in (("calls", "at"), ("gone", "on"), ("basic", "month"))
    }  # fmt: skip
    found["gone"] = found["gone"].drop_duplicates("id")
    return found


def test_calls_and_departures_from_the_cutoff_on_change_nothing(spark, tmp_path):
    tables, cutoff = crm(1), CUTOFFS[1]
    for name, made in (("a", tables), ("b", spoilt(tables, crm(101), pd.Timestamp(cutoff)))):
        (tmp_path / name).mkdir()
        prepared = prepare(plan_of(tmp_path / name, made, [cutoff]), spark, parts=2)
        prepared.collect(tmp_path / name / "out")
        prepared.close()
    one, other = (pd.read_parquet(tmp_path / name / "out" / "features.parquet") for name in "ab")
    names = ["id", *(name for name in one.columns if name.startswith("calls_"))]
    pd.testing.assert_frame_equal(one[names], other[names])


def test_parts_that_decide_differently_and_texts_as_keys_are_as_on_one_machine(spark, tmp_path):
    """Whose words say who left is found out; fewer months are in some parts than in others."""
    tables = crm(2, n=30, rows=300)
    tables = {
        name: frame.assign(id="c" + frame["id"].astype(str)) for name, frame in tables.items()
    }
    tables["calls"]["to"] = "c" + tables["calls"]["to"].astype(str)
    again = tables["calls"].assign(id="c1", to="c2").head(1)
    tables["calls"] = pd.concat([tables["calls"], again])
    generator = np.random.default_rng(0)
    tables["gone"]["why"] = generator.choice(["churned", "Churned ", "moved"], 15)
    plan = plan_of(
        tmp_path, tables, CUTOFFS, hubs={"times": 3, "also": ["c3", "nobody"], "never": ["c777"]}
    )
    label = {"label": {"table": "gone", "kind": "events", "column": "why", "left": ["churned"]}}
    plan = DataPlan.model_validate(deep(plan.model_dump(mode="json"), label))
    prepared = prepare(plan, spark, parts=2)
    here = assert_like_here(prepared, plan, tmp_path)
    prepared.close()
    assert any("hubs are no neighbours: c3 (" in note for note in here.notes)
    assert any("hubs.also names 'nobody'" in note for note in here.notes)


def test_what_is_refused_here_is_refused_there_with_the_same_sentence(spark, tmp_path):
    tables = crm(rows=400)
    tables["calls"]["minutes"] = tables["calls"]["minutes"].mask(lambda m: m < 1, -1.0)
    plan = plan_of(tmp_path, tables)
    with pytest.raises(DataError, match=r"is below 0 in .* rows; if these are calls") as here:
        build(plan, tmp_path / "here")
    with pytest.raises(DataError) as there:
        prepare(plan, spark, parts=2)
    assert str(there.value) == str(here.value)
