"""What a label means: spellings are one class, known words decide, and doubt is asked."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.label import (
    LabelMeaning,
    LabelWarning,
    apply_meaning,
    decide_classes,
    inverted,
    read_label,
)
from dbnchurn.tables.label_classes import count_classes, majority_warning, merge_spellings
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.label_words import WORDS, Word, class_key, says_the_opposite, word_of

SPELLINGS = [
    ["Yes", "yes", " YES ", "yes.", "\u00a0Yes"],
    [1, 1.0, "1", "1.0", True, "True", " true.", "TRUE", np.True_, np.int8(1), "+1"],
    [0, 0.0, "0", "-0", False, "False.", "0.00"],
    [2, "2", "2.0"],
    [-1, "-1.0"],
    [0.5, "0.50", ".5"],
    ["gekündigt", "GEKÜNDIGT", "geku\u0308ndigt"],
    ["Attrited  Customer", "attrited customer"],
    ["No", "no"],
    ["A"],
    ["01"],
    ["A."],
    ["10"],
    ["attrited_customer"],
]


def test_spellings_are_one_class_and_different_words_are_not():
    keys = [{class_key(spelling) for spelling in group} for group in SPELLINGS]
    assert all(len(group) == 1 for group in keys)
    assert len(set.union(*keys)) == len(SPELLINGS)


def test_the_commonest_spelling_stands_for_the_class():
    number, classes = count_classes(pd.Series(["no", "YES", "Yes", "Yes"], dtype="category"))
    assert number.tolist() == [1, 0, 0, 0]
    assert [(found.value, found.rows) for found in classes] == [("Yes", 3), ("no", 1)]
    assert merge_spellings([2.0, 10.0], np.array([1, 1]))[1][1].value == 10.0


PAIRS = [
    ("No", "Yes"),
    ("False.", "True."),
    (0, 1),
    (False, True),
    ("Stayed", "Churned"),
    ("Existing Customer", "Attrited Customer"),
    ("existing_customer", "attrited_customer"),
    ("stay", "leave"),
    ("Active", "Inactive"),
    ("open", "closed"),
    ("retained", "lost"),
    ("no", "churn"),
    ("nein", "ja"),
    ("non", "oui"),
    ("no", "sí"),
    ("não", "sim"),
    ("net", "da"),
    ("f", "t"),
    ("N", "Y"),
    ("aktiv", "gekündigt"),
    ("actif", "résilié"),
    ("Not churned", "Churned"),
]


@pytest.mark.parametrize(("stayed", "left"), PAIRS)
def test_known_words_decide_whatever_the_order(stayed, left):
    for values in ([stayed, left, stayed], [left, stayed, stayed]):
        meaning, y = read_label(pd.Series(values, dtype=object), column="Churn")
        assert (meaning.positive, meaning.negative) == ((left,), (stayed,))
        assert y.tolist() == [int(value == left) for value in values]


def test_no_word_says_two_things():
    assert len(WORDS) == len({class_key(word) for word in WORDS})
    assert all(word_of(class_key(word)) is meaning for word, meaning in WORDS.items())
    assert set(WORDS.values()) == set(Word)


UNKNOWN = [("A", "B"), (1, 2), (-1, 1), ("yes", "active"), ("churned", "yes"), ("da", "weg")]


@pytest.mark.parametrize("values", UNKNOWN)
def test_other_words_are_asked_with_both_classes_alike(values):
    first, second = map(repr, sorted(values))
    message = (
        rf"label column 'c' holds two classes: {first} \(2 rows, 66.7 %\), {second} \(1 row, "
        rf"33.3 %\); .*columns.positive: {first} or columns.positive: {second}$"
    )
    with pytest.raises(DataError, match=message):
        read_label(pd.Series([*sorted(values), sorted(values)[0]], dtype=object), column="c")


def test_where_it_may_be_assumed_it_is_said():
    with pytest.warns(LabelWarning, match="'two' counts as having left, the second in sorted"):
        meaning, y = read_label(["two", "one"], assume=True)
    assert meaning.assumed
    assert y.tolist() == [1, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not read_label(["stay", "leave"], assume=True)[0].assumed
        assert not read_label(["two", "one"], positive="one", assume=True)[0].assumed


OPPOSITE = [
    "active",
    "is_active",
    "IsActiveMember",
    "Retained",
    "stayed",
    "not_churned",
    "ISACTIVE",
    "still_customer",
    "is_customer",
    "has_contract",
    "Mitglied",
]


@pytest.mark.parametrize("column", OPPOSITE)
@pytest.mark.parametrize("values", [[1, 0], ["Yes", "No"], [True, False]])
def test_yes_in_a_column_that_says_the_opposite_is_asked(column, values):
    for assume in (False, True):
        with pytest.raises(DataError, match=r"the opposite of leaving, so .*two ways; say whi"):
            read_label(values, column=column, assume=assume)
    assert read_label(values, column=column, positive=values[1])[1].tolist() == [0, 1]


def test_words_that_need_no_question_decide_in_any_column():
    assert read_label(["active", "inactive"], column="active")[1].tolist() == [0, 1]
    for name in (
        "Churn",
        "inactive",
        "Exited",
        "Churn Value",
        "left",
        "target",
        "customer_churn",
        None,
    ):
        assert not says_the_opposite(name)
    assert not says_the_opposite("subscribed", leaving=False)


CLASSES = ["Churned", "Stayed", "Stayed", "Joined"]


@pytest.mark.parametrize(
    ("values", "lists", "y"),
    [
        (CLASSES, {"positive": "churned", "negative": ["Stayed", "joined"]}, [1, 0, 0, 0]),
        (CLASSES, {"positive": ["Churned", "Joined"]}, [1, 0, 0, 1]),
        (CLASSES, {"negative": ["Stayed", "Joined"]}, [1, 0, 0, 0]),
        (CLASSES, {"positive": ["Churned", "x"], "negative": ["Stayed", "Joined"]}, [1, 0, 0, 0]),
        (["No", "Yes"], {"positive": True}, [0, 1]),
        (["No", "Yes"], {"positive": "1"}, [0, 1]),
        ([True, False], {"negative": "no"}, [1, 0]),
        ([1, 2], {"positive": "2.0"}, [0, 1]),
        ([1, 2], {"positive": np.int64(1)}, [1, 0]),
    ],
)
def test_lists_decide(values, lists, y):
    assert read_label(values, **lists)[1].tolist() == y


@pytest.mark.parametrize(
    ("values", "lists", "message"),
    [
        (CLASSES, {}, r"3 classes: 'Churned' \(1 row, 25.0 %\), 'Joined' .*, 'Stayed' \(2 rows, 5"),
        (CLASSES, {"positive": "Churned"}, r"of which 'Joined' .*, 'Stayed' .* are in neither of"),
        (CLASSES, {"positive": "Churned", "negative": "Stayed"}, "'Joined' .* in neither"),
        (CLASSES, {"positive": ["Churned", "Stayd"]}, "never holds the positive value 'Stayd'"),
        (CLASSES, {"positive": CLASSES}, "all on one side"),
        (CLASSES, {"positive": "Churned", "negative": ["Joined", "churned"]}, "named in both"),
        (CLASSES, {"positive": []}, "list of positive values is empty"),
        (["A", "B"], {"negative": "C"}, "never holds the negative value 'C'; it holds 'A' .*'B'"),
        (["A", "A"], {"positive": "A"}, r"one class only \('A' in all 2 rows\)"),
        (["Yes", "YES"], {}, r"one class only \('YES' in all 2 rows\)"),
        ([], {}, "no row with an outcome"),
        (list("ABCDEFGHIJKL"), {}, "holds 12 classes: .* and 4 more"),
    ],
)
def test_what_lists_leave_open_is_refused(values, lists, message):
    with pytest.raises(DataError, match=message):
        read_label(values, **lists)


STORED = LabelMeaning("Churn", ("Yes",), ("No",))


@pytest.mark.parametrize(
    "values", [["YES ", "no"], [True, False], [1, 0], ["1.0", "0"], ["ja", "nein"], ["t", "F"]]
)
def test_a_stored_decision_reads_the_same_words_and_yes_as_true_as_1(values):
    assert apply_meaning(STORED, values).tolist() == [1, 0]
    assert apply_meaning(STORED, values[1:]).tolist() == [0]  # one class alone


@pytest.mark.parametrize("values", [["Left", "Stayed"], ["Yes", "?"], ["Yes", "No", "weg"], [1, 2]])
def test_a_stored_decision_refuses_other_words(values):
    message = r"holds labels that training has not: .*'Yes' counts as having left and 'No'"
    with pytest.raises(DataError, match=message):
        apply_meaning(STORED, values)


def test_a_stored_decision_is_not_turned_by_the_name_of_a_column():
    active = LabelMeaning("active", (0,), (1,))
    assert apply_meaning(active, [0, 1], column="is_active").tolist() == [1, 0]
    for meaning, column in ((active, "churned"), (STORED, "active")):
        with pytest.raises(DataError, match="which its name turns into the opposite"):
            apply_meaning(meaning, [0, 1], column=column)


def test_a_decision_comes_back_from_plain_data():
    for meaning in (STORED, LabelMeaning(None, ("A", 1), (2.5, False), assumed=True)):
        assert LabelMeaning.from_dict(meaning.as_dict()) == meaning
    for older in ({}, {"label": "Churn", "positive": None}, {"positive": "A", "negative": ["B"]}):
        assert LabelMeaning.from_dict(older) is None


def test_turning_a_decision_twice_gives_it_back():
    for given in (("A", "B"), (["A", "B"], ["C"])):
        (positive, negative), question = given, Question(positive="{}", negative="{}")
        classes = count_classes(["A", "B", "C"] if isinstance(positive, list) else ["A", "B"])[1]
        decided = [
            decide_classes(classes, positive=p, negative=n, column=None, question=question)
            for p, n in itertools.permutations((positive, negative))
        ]
        assert inverted(decided[0], question) != inverted(decided[1], question)
    assert inverted(STORED, Question()) == "columns.positive: 'No'"


@pytest.mark.parametrize(("share", "warns"), [(0.5, False), (0.51, True)])
def test_most_customers_are_warned_of(share, warns):
    assert (majority_warning("a", share, "b") is not None) == warns
