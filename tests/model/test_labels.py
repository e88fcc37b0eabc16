"""Labels, weights and groups: what they mean, and what is refused."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import get_scorer, roc_auc_score

from dbnchurn.core.errors import DataError
from dbnchurn.model.labels import (
    check_both_classes,
    check_groups,
    check_weight,
    encode_labels,
    label_name,
    label_type,
    read_classes,
    read_labels,
)
from dbnchurn.tables.label import LabelMeaning, LabelWarning


@pytest.mark.parametrize(
    ("y", "classes", "kind"),
    [
        ([0, 1, 1], [0, 1], "int"),
        ([True, False], [False, True], "bool"),
        ([1.0, 0.0], [0.0, 1.0], "float"),
        (["stay", "leave"], ["stay", "leave"], "str"),
        (["Churned", "Stayed"], ["Stayed", "Churned"], "str"),
        ([" True.", " False."], [" False.", " True."], "str"),
        (np.array([0, 1], object), [0, 1], "int"),
        (np.array([True, False], object), [False, True], "bool"),
        (pd.Series([0, 1], dtype="Int64"), [0, 1], "int"),
        (pd.Series([True, False], dtype="boolean"), [False, True], "bool"),
        (pd.Series(["no", "yes"], dtype="category"), ["no", "yes"], "str"),
        (pd.Series(["no", "yes"], dtype="string"), ["no", "yes"], "str"),
        (pd.Series([0, 1], index=[7, 9]), [0, 1], "int"),
    ],
)
def test_two_labels_of_any_kind(y, classes, kind):
    labels = read_labels(y, len(y))
    found, meaning, coded = read_classes(labels)
    assert found.tolist() == classes
    assert label_type(found) == kind
    assert found[coded].tolist() == list(y)
    assert encode_labels(labels, meaning, "y").tolist() == coded.tolist()


@pytest.mark.parametrize("y", [[1.0, -1.0], [2, 1], ["one", "two"]])
def test_without_a_known_word_the_second_label_is_taken_aloud(y):
    with pytest.warns(LabelWarning, match=r"left: ChurnClassifier\(positive=.*\) or Churn"):
        found, meaning, coded = read_classes(np.array(y))
    assert found.tolist() == sorted(y)
    assert coded.tolist() == [int(label == max(y)) for label in y]
    assert meaning.assumed


def test_several_labels_are_two_classes_by_lists():
    labels = read_labels(["Churned", "joined", "Stayed", "Joined"], 4)
    found, meaning, coded = read_classes(labels, positive="churned", negative=["Stayed", "Joined"])
    assert found.tolist() == ["Stayed", "Churned"]
    assert coded.tolist() == [1, 0, 0, 0]
    assert encode_labels(np.array(["JOINED", "Churned"]), meaning, "y_val").tolist() == [0, 1]


def test_labels_have_the_name_of_their_column():
    column = pd.Series([0, 1], name="active")
    assert label_name(column) == label_name(column.to_frame()) == "active"
    assert label_name(column.to_numpy()) is None
    with pytest.raises(DataError, match=r"'active' .* two ways; .*Classifier\(positive=0\) or"):
        read_classes(column.to_numpy(), column="active")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "y_val is None"),
        ([0, 1], "3 rows but y_val holds 2 labels"),
        ([0, np.nan, 1], "1 labels of y_val are missing .* first in row 1; .* X_unlabelled"),
        ([0, np.inf, 1], "infinite"),
        (pd.Series(["a", None, "b"]), "first in row 1"),
        (["a", " ", "b"], "blank.* first in row 1"),
        (pd.Series([0, None, 1], dtype="Int64"), "first in row 1"),
    ],
)
def test_labels_that_are_not_there_are_refused(y, message):
    with pytest.raises(DataError, match=message):
        read_labels(y, 3, "y_val")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, 1, 1], r"one class only \(1 in all 3 rows\); both those who left"),
        ([0, 1, 2], r"Only binary classification .* multiclass: y holds 3 classes: 0 \(1 row, 33"),
        ([0.1, 0.2, 0.3], "continuous: y holds 3 classes"),
    ],
)
def test_other_than_two_labels_are_refused(y, message):
    with pytest.raises(DataError, match=message):
        read_classes(read_labels(y, 3))


def test_unknown_labels_are_named():
    meaning = LabelMeaning(None, (1,), (0,))
    with pytest.raises(DataError, match=r"y_val holds labels .* not: 2 \(1 row, .*, 3 .* 1 counts"):
        encode_labels(np.array([0, 2, 3]), meaning, "y_val")


def test_weights_are_a_copy_and_ones_by_default():
    given = np.array([0.0, 2.0, 4.0])
    weight = check_weight(given, 3)
    np.testing.assert_allclose(weight, [0, 2 / 3, 4 / 3], rtol=1e-7)
    assert not np.shares_memory(weight, given)
    assert check_weight(None, 3).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, 1], r"shape \(2,\), and there are 3 rows"),
        ([1, 1e9, 1], r"the largest may be 1e\+06 times"),
        ([1, -1, np.nan], "2 of 3 are not, the first is -1.0 in row 1"),
        ([0, 0, 0], "every sample_weight is zero"),
    ],
)
def test_weights_that_cannot_count_are_refused(weight, message):
    with pytest.raises(DataError, match=message):
        check_weight(weight, 3)


def test_groups_are_one_per_row():
    assert check_groups(None, 3) is None
    assert check_groups(["a", "b", "a"], 3).tolist() == ["a", "b", "a"]
    with pytest.raises(DataError, match=r"groups has shape \(2,\), the table has 3 rows"):
        check_groups([1, 2], 3)
    with pytest.raises(DataError, match="groups lacks a value in 1 rows"):
        check_groups(np.array(["a", None, "b"], object), 3)


def test_a_class_that_counts_for_nothing_is_refused():
    y = np.array([0, 0, 1])
    check_both_classes(y, np.ones(3), "train on", "x")
    with pytest.raises(DataError, match=r"to train on hold 0 churners and 2 stayers .*; give more"):
        check_both_classes(y, np.array([1.0, 1, 0]), "train on", "give more")


@pytest.mark.parametrize(
    ("stayed", "left", "right"), [("no", "yes", True), ("stayed", "left", False)]
)
def test_scorers_by_name_rank_by_the_label_that_left_or_the_fit_warns(small, stayed, left, right):
    debt = np.arange(200.0)
    X, y = pd.DataFrame({"debt": debt}), np.where(debt % 7 + debt / 20 > 8, left, stayed)
    model = small(leakage="off")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    said = [str(w.message) for w in caught if issubclass(w.category, LabelWarning)]
    assert any("scikit-learn's scorers by name" in sentence for sentence in said) == (not right)
    expected = roc_auc_score(y == left, model.predict_proba(X)[:, 1])
    assert expected > 0.6
    found = get_scorer("roc_auc")(model, X, y)
    assert found == pytest.approx(expected if right else 1 - expected)
    model.fit(X, (y == left).astype(int))
    assert get_scorer("roc_auc")(model, X, (y == left).astype(int)) == pytest.approx(expected)
