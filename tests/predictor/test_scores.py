"""Scores with decisions and tiers; summaries of what was unusual, which add up over chunks."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.predictor.scores import TIERS, Oddities, default_edges, tiers

OLD = Path(__file__).parent / "old"


@pytest.fixture
def predictor(fitted, tmp_path) -> Predictor:
    fitted.save(tmp_path / "with id", about={"id": "customer"})
    return Predictor.load(tmp_path / "with id")


def test_scores_are_probabilities_decisions_and_tiers(predictor, customers):
    X = customers[0]
    scores = predictor.score(X)
    assert list(scores) == ["id", "probability", "decision", "risk", "model"]
    np.testing.assert_array_equal(scores["probability"], predictor.predict_proba(X)[:, 1])
    np.testing.assert_array_equal(scores["decision"], predictor.predict(X) == 1)
    assert scores["decision"].dtype == bool
    assert set(scores["model"]) == {predictor.version}
    ordered = scores.sort_values("probability")["risk"].map(TIERS.index)
    assert ordered.is_monotonic_increasing
    assert {"low", "medium"} <= set(scores["risk"]) <= set(TIERS)
    low = scores["risk"] == "low"
    np.testing.assert_array_equal(low, scores["probability"] < predictor.risk_edges[0])


def test_who_the_rows_are(predictor, customers):
    X = customers[0].head(5)
    names = list("vwxyz")
    assert list(predictor.score(X)["id"]) == [0, 1, 2, 3, 4]
    assert list(predictor.score(X.assign(customer=names))["id"]) == names
    assert list(predictor.score(X.assign(customer=1, who=names), id="who")["id"]) == names
    with pytest.raises(DataError, match="no id column 'whom': did you mean 'who'"):
        predictor.score(X.assign(who=names), id="whom")


class Exchanged:
    """A table that offers the interchange protocol of data frames and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> object:
        return self.table.__dataframe__(nan_as_null, allow_copy)


class Streamed:
    """A table that offers Arrow's stream and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("form", [lambda table: table, Exchanged, Streamed])
def test_tables_of_other_libraries(predictor, customers, form):
    X = customers[0].assign(customer=[f"c{i}" for i in range(600)])
    pd.testing.assert_frame_equal(
        predictor.score(form(pa.Table.from_pandas(X))),
        predictor.score(X),
        check_dtype=False,
        rtol=0,
        atol=1e-12,
    )


def test_what_was_unusual(predictor, customers):
    X = customers[0].copy()
    X.loc[X.index[:7], "plan"] = "quantum"
    X.loc[X.index[:3], "debt"] = -5.0
    X["tv"] = None
    found = predictor.examine(X).unusual
    assert found.rows == 600
    assert found.unknown_levels == {"plan": 7}
    assert found.out_of_range == {"debt": 3}
    assert found.missing["tv"] == 600
    assert found.missing["plan"] == customers[0]["plan"].iloc[7:].isna().sum()
    assert found.trained_missing["age"] == pytest.approx(customers[0]["age"].isna().mean())
    lines = found.lines()
    assert "plan: 7 of 600 rows with a category that no training row has" in lines
    assert "debt: 3 of 600 rows outside the range of training" in lines
    assert "tv: 100.0% missing, 0.0% in training" in lines
    assert len(lines) == 3
    stored = json.loads(json.dumps(predictor.score(X).attrs["unusual"]))
    assert stored == found.as_dict()
    assert stored["missing"]["tv"] == {"share": 1.0, "in_training": 0.0}


def test_training_rows_are_not_unusual(predictor, customers):
    assert predictor.examine(customers[0]).unusual.lines() == []
    assert predictor.examine(customers[0].iloc[:0]).unusual.lines() == []


def test_summaries_of_parts_add_up(predictor, customers):
    X = customers[0].copy()
    X.loc[::50, "plan"] = "quantum"
    X.loc[::70, "debt"] = 1e9
    whole = predictor.examine(X)
    parts = [predictor.examine(X.iloc[start : start + 250]) for start in (0, 250, 500)]
    assert sum((part.unusual for part in parts), Oddities()) == whole.unusual
    assert whole.counts
    for name, counts in whole.counts.items():
        assert counts.dtype == np.int64
        assert counts.sum() == 600
        np.testing.assert_array_equal(counts, sum(part.counts[name] for part in parts))


def test_a_model_that_does_not_know_its_training_counts_nothing():
    predictor = Predictor.load(OLD / "format_1")
    scored = predictor.examine(pd.read_csv(OLD / "format_1_rows.csv"))
    assert scored.counts == {}
    assert scored.unusual.trained_missing == scored.unusual.out_of_range == {}
    assert scored.unusual.missing["debt"] == 2
    assert len(scored.frame) == 12


def test_a_version_stands_for_the_contents(fitted, small, customers, tmp_path):
    fitted.save(tmp_path / "one")
    fitted.save(tmp_path / "two", about={"note": "another"})
    small(random_state=1).fit(*customers).save(tmp_path / "other")
    one, two, other = (Predictor.load(tmp_path / name).version for name in ("one", "two", "other"))
    assert one == two == Predictor(fitted.record_, {}).version != other
    assert len(one) == 12
    assert Predictor.load(OLD / "format_1").version == "4fa3c3107ecf"  # also by later packages


@pytest.mark.parametrize("prior", [1e-4, 0.04, 0.5, 0.9, 0.999])
def test_every_tier_can_be_reached_at_any_base_rate(prior):
    edges = default_edges(prior)
    assert edges[0] == pytest.approx(prior)
    assert list(tiers(np.array([0.0, *edges, 1.0]), edges)) == [*TIERS, "very high"]


def test_tiers_begin_where_they_are_told_to(model, customers):
    predictor = Predictor.load(model, risk_edges=(0.2, 0.4, 0.6))
    scores = predictor.score(customers[0])
    assert scores.loc[scores["risk"] == "high", "probability"].between(0.4, 0.6).all()


@pytest.mark.parametrize(
    "edges", [(), (0.1, 0.2), (0.1, 0.1, 0.2), (0.3, 0.2, 0.4), (0.0, 0.1, 0.2), (0.1, 0.2, 1.0)]
)
def test_other_edges_are_refused(model, edges):
    with pytest.raises(ConfigError, match="give three rising probabilities"):
        Predictor.load(model, risk_edges=edges)
