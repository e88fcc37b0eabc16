"""Personas and segments keep scikit-learn's contract, as far as its tiny tables let them.

The checks of scikit-learn fit tables of 10 to 80 rows with up to four classes. What needs more
customers, or two classes, refuses these in its own words, which is told apart from a fault here.
(The classifier and the machines, which take such tables, are checked in their own folders.)
"""

import re
import warnings

import pytest
from sklearn.utils.estimator_checks import check_estimator

from dbnchurn.core.errors import DataError
from dbnchurn.personas import Personas
from dbnchurn.segments import SegmentMiner

IN_OWN_WORDS = {
    "check_estimators_empty_data_messages": "a table without columns is told in own words",
    "check_positive_only_tag_during_fit": "the message to a table of 12 rows is about its classes",
}
ESTIMATORS = {
    Personas(random_state=0): "customers are too few; 100 are needed",
    SegmentMiner(): "two are needed|say which of them means yes|but needs at least 30",
}


@pytest.mark.parametrize(
    ("estimator", "refusal"),
    ESTIMATORS.items(),
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_scikit_learns_checks_pass_or_meet_a_refusal_of_tiny_tables(estimator, refusal):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(estimator, on_fail=None, expected_failed_checks=IN_OWN_WORDS)
    failed = [(r["check_name"], r["exception"]) for r in found if r["status"] == "failed"]
    for name, error in failed:  # some wrap what was raised, to say that it has other words
        raised = error.__cause__ or error
        assert isinstance(raised, DataError), name
        assert re.search(refusal, str(raised)), name
    assert sum(r["status"] == "passed" for r in found) > 15


@pytest.mark.parametrize("y", [[[0, 1]], [[0, 1], [1, 0]], 1, None])
def test_answers_that_are_no_column_are_refused(y):
    with pytest.raises(DataError, match=r"one answer per row means \(n,\)|the target y is None"):
        SegmentMiner().fit([[1.0], [2.0]][: len(y) if isinstance(y, list) else 1], y)
