"""Reasons in words: the right columns, the user's own names and values, whatever the table."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ArtifactError, ConfigError, DataError
from dbnchurn.predictor.artifact import load
from dbnchurn.predictor.explain.reason_codes import describe, schema_order, stored_labels
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Column, Schema


@pytest.fixture(scope="module")
def predictor(fitted, tmp_path_factory) -> Predictor:
    folder = tmp_path_factory.mktemp("reasons") / "model"
    fitted.save(folder, about={"column_labels": {"debt": "Money owed", "since": "Customer since"}})
    return Predictor.load(folder)


def test_reasons_are_ranked_and_told_with_labels_and_values(predictor, customers):
    X, _ = customers
    found = predictor.reasons(X, k=5)
    assert list(found)[:4] == ["reason_1", "column_1", "value_1", "contribution_1"]
    size = found.filter(like="contribution").abs().to_numpy()
    assert (np.diff(np.nan_to_num(size), axis=1) <= 0).all()
    for rank in range(1, 6):
        part = found[found[f"column_{rank}"] == "debt"]
        for row, reason in part.iterrows():
            value = X.loc[row, "debt"]
            way = "raises" if reason[f"contribution_{rank}"] > 0 else "lowers"
            assert reason[f"reason_{rank}"] == f"Money owed: {value:.6g} ({way} risk)"
            assert reason[f"value_{rank}"] == f"{value:.6g}"
    columns = found.filter(like="column_")
    assert columns.apply(lambda row: row.dropna().is_unique, axis=1).all()
    assert {"debt", "plan"} <= set(columns["column_1"])


def test_debt_raises_the_risk_of_those_who_owe_much(predictor, customers):
    X, _ = customers
    found = predictor.reasons(X.nlargest(20, "debt"), k=1)
    assert (found["column_1"] == "debt").mean() > 0.8
    assert (found.loc[found["column_1"] == "debt", "contribution_1"] > 0).all()


def told_of(found: pd.DataFrame, column: str) -> list[str]:
    ranks = range(1, found.shape[1] // 4 + 1)
    return [
        text
        for rank in ranks
        for text in found.loc[(found[f"column_{rank}"] == column).fillna(False), f"reason_{rank}"]
    ]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("plan", None, "plan: not known ("),
        ("plan", "quantum", "plan: quantum, not seen in training ("),
        ("plan", "family", "plan: family ("),
        ("debt", None, "Money owed: not known ("),
        ("debt", 40, "Money owed: 40 ("),
        ("debt", 1e300, "Money owed: 3.40282e+38 ("),
        ("since", pd.Timestamp("2020-02-29"), "Customer since: 2020-02-29 ("),
        ("tv", True, "tv: yes ("),
        ("tv", False, "tv: no ("),
    ],
)
def test_values_are_told_as_a_reader_wants_them(predictor, customers, column, value, words):
    X = customers[0].head(40).astype({"tv": object}).assign(**{column: value})
    found = told_of(predictor.reasons(X, k=5), column)
    assert found
    assert all(text.startswith(words) for text in found)


def test_no_value_is_missing_in_its_column(predictor, customers):
    found = predictor.reasons(customers[0].head(3).assign(plan=None), k=5)
    for rank in range(1, 6):
        ours = (found[f"column_{rank}"] == "plan").fillna(False)
        assert found.loc[ours, f"value_{rank}"].isna().all()


def test_the_make_of_the_table_changes_nothing(predictor, customers, respelled):
    X = customers[0].head(100)
    pd.testing.assert_frame_equal(predictor.reasons(respelled(X)), predictor.reasons(X))


def test_a_row_alone_has_the_reasons_that_it_has_in_a_batch(predictor, customers):
    X, _ = customers
    whole = predictor.reasons(X.set_axis(range(1000, 1600)))
    assert whole.index.tolist() == list(range(1000, 1600))
    for row in range(0, 600, 120):
        alone = predictor.reasons(X.iloc[[row]].set_axis([1000 + row]))
        pd.testing.assert_frame_equal(alone, whole.iloc[[row]])


def test_frames_are_not_changed(predictor, customers):
    X, _ = customers
    before = X.copy()
    predictor.reasons(X)
    pd.testing.assert_frame_equal(X, before)


def test_more_reasons_than_columns_are_missing(predictor, customers):
    found = predictor.reasons(customers[0].head(4), k=9)
    assert found.shape == (4, 36)
    assert found[["reason_6", "column_9", "value_7", "contribution_8"]].isna().all(axis=None)
    empty = predictor.reasons(customers[0].iloc[:0], k=2)
    assert empty.shape == (0, 8)
    pd.testing.assert_series_equal(empty.dtypes, predictor.reasons(customers[0], k=2).dtypes)


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "3"])
def test_numbers_of_reasons_that_make_no_sense(predictor, customers, k):
    with pytest.raises(ConfigError, match="whole number from 1 on"):
        predictor.reasons(customers[0], k=k)


def test_tables_that_changed_are_refused(predictor, customers):
    with pytest.raises(DataError, match="lacks 1 of 5 columns: 'debt'"):
        predictor.reasons(customers[0].drop(columns="debt"))


@pytest.mark.parametrize("labels", [["debt"], {"debt": 3}])
def test_labels_that_are_none_are_refused(model, customers, labels):
    record, about = load(model)
    with pytest.raises(ArtifactError, match="column_labels: expected a label"):
        Predictor(record, {**about, "column_labels": labels}).reasons(customers[0])


def test_models_of_before_tell_what_to_do(root, customers):
    old = Predictor.load(root / "tests" / "predictor" / "old" / "format_1")
    rows = pd.read_csv(root / "tests" / "predictor" / "old" / "format_1_rows.csv")
    with pytest.raises(ArtifactError, match="train it anew"):
        old.reasons(rows)


# --- Text of given contributions ------------------------------------------------------------------

MIXED = Schema(
    (
        Column("plan", "category", ("A", "B")),
        Column("debt", "number"),
        Column("note", "ignore"),
        Column("town", "category", ("X",)),
        Column("tv", "flag"),
    )
)


def test_positions_are_those_among_numbers_and_then_categories():
    assert schema_order(MIXED).tolist() == [2, 0, 3, 1]


def describe_rows(contributions, k, labels=None):
    frame = pd.DataFrame(
        {"plan": "B", "debt": [2.0, 7.5], "note": "-", "town": ["X", None], "tv": [1.0, 0.0]},
        index=[30, 40],
    )
    return describe(MIXED, frame, read(MIXED, frame)[0], np.array(contributions), k, labels)


def test_contributions_in_the_order_of_the_schema_meet_their_own_columns():
    reasons = describe_rows([[0.1, -0.2, 0.3, -0.4], [-0.4, 0.3, 0.2, 0.1]], 4, {"debt": "Owed"})
    assert reasons.index.tolist() == [30, 40]
    assert reasons.filter(like="reason_").to_numpy().tolist() == [
        ["tv: yes (lowers risk)", "town: X (raises risk)", "Owed: 2 (lowers risk)",
         "plan: B (raises risk)"],
        ["plan: B (lowers risk)", "Owed: 7.5 (raises risk)", "town: not known (raises risk)",
         "tv: no (raises risk)"],
    ]  # fmt: skip
    assert reasons.loc[40, ["column_2", "value_2", "contribution_2"]].tolist() == [
        "debt", "7.5", 0.3,
    ]  # fmt: skip
    assert pd.isna(reasons.loc[40, "value_3"])


def test_of_equal_contributions_the_earlier_column_comes_first():
    reasons = describe_rows([[0.2, -0.2, 0.2, 0.3]] * 2, 3)
    assert reasons.loc[30, ["column_1", "column_2", "column_3"]].tolist() == ["tv", "plan", "debt"]


def test_a_contribution_that_rounds_to_zero_is_no_reason():
    reasons = describe_rows([[0.0, 0.00006, -0.00004, 0.0], [0.0, 0.0, 0.0, -0.00004]], 2)
    assert reasons.loc[30, "contribution_1"] == 0.0001
    assert reasons.loc[30].filter(like="_2").isna().all()
    assert reasons.loc[40].isna().all()


@pytest.mark.parametrize("about", [{}, {"column_labels": None}, {"column_labels": {}}])
def test_a_model_without_labels_has_none(about):
    assert stored_labels(about) == {}
