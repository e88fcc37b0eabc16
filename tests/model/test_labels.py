"""Labels, weights and groups: what they mean, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.model.labels import (
    check_both_classes,
    check_groups,
    check_weight,
    encode_labels,
    label_type,
    read_labels,
    two_classes,
)


@pytest.mark.parametrize(
    ("y", "classes", "kind"),
    [
        ([0, 1, 1], [0, 1], "int"),
        ([True, False], [False, True], "bool"),
        ([1.0, -1.0], [-1.0, 1.0], "float"),
        (["stay", "leave"], ["leave", "stay"], "str"),
        (np.array([0, 1], object), [0, 1], "int"),
        (np.array([True, False], object), [False, True], "bool"),
        (pd.Series([0, 1], dtype="Int64"), [0, 1], "int"),
        (pd.Series([True, False], dtype="boolean"), [False, True], "bool"),
        (pd.Series(["a", "b"], dtype="category"), ["a", "b"], "str"),
        (pd.Series(["a", "b"], dtype="string"), ["a", "b"], "str"),
        (pd.Series([0, 1], index=[7, 9]), [0, 1], "int"),
    ],
)
def test_two_labels_of_any_kind(y, classes, kind):
    labels = read_labels(y, len(y))
    found = two_classes(labels)
    assert found.tolist() == classes
    assert label_type(found) == kind
    coded = encode_labels(labels, found, "y")
    assert found[coded].tolist() == list(y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "y_val is None"),
        ([0, 1], "3 rows but y_val holds 2 labels"),
        ([0, np.nan, 1], "1 labels of y_val are missing .* first in row 1; .* X_unlabelled"),
        ([0, np.inf, 1], "infinite"),
        (pd.Series(["a", None, "b"]), "first in row 1"),
        (pd.Series([0, None, 1], dtype="Int64"), "first in row 1"),
    ],
)
def test_labels_that_are_not_there_are_refused(y, message):
    with pytest.raises(DataError, match=message):
        read_labels(y, 3, "y_val")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1, 1, 1], r"one class only \(1\); both those who left"),
        ([0, 1, 2], "Only binary classification .* multiclass, it holds 3 values: 0, 1, 2"),
        ([0.1, 0.2, 0.3], "continuous, it holds 3 values"),
    ],
)
def test_other_than_two_labels_are_refused(y, message):
    with pytest.raises(DataError, match=message):
        two_classes(read_labels(y, 3))


def test_unknown_labels_are_named():
    with pytest.raises(DataError, match=r"y_val holds labels .* not: 2, 3; allowed are 0, 1"):
        encode_labels(np.array([0, 2, 3]), np.array([0, 1]), "y_val")


def test_weights_are_a_copy_and_ones_by_default():
    given = np.array([0.0, 2.0])
    weight = check_weight(given, 2)
    assert weight.tolist() == [0, 2]
    assert not np.shares_memory(weight, given)
    assert check_weight(None, 3).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, 1], r"shape \(2,\), the table has 3 rows"),
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
