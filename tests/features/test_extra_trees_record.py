"""The audit of extra trees refuses what are no trees."""

from dataclasses import replace

import numpy as np
import pytest

from dbnchurn.core.errors import ArtifactError
from dbnchurn.features import ExtraTreesRecord

WHOLE = ExtraTreesRecord(
    starts=np.array([0, 3, 4]),
    fold=np.zeros(2, np.int32),
    feature=np.array([1, -1, -1, -1], np.int32),
    threshold=np.array([5, 0.25, 0.75, 0.5], np.float32),
    left=np.array([1, 0, 0, 0], np.int32),
    default_left=np.zeros(4, bool),
    n_features=2,
)


def test_a_tree_and_a_single_leaf():
    WHOLE.audit()
    logits = WHOLE.logits(np.array([[0, 4], [0, 5], [0, np.nan]], np.float32))
    assert logits == pytest.approx([np.log(0.375 / 0.625), np.log(0.625 / 0.375), logits[1]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"feature": np.array([1, -1, -1], np.int32)}, "differ in length"),
        ({"fold": np.zeros(3, np.int32)}, "differ in length"),
        ({"starts": np.array([0, 3, 5])}, "do not divide the nodes"),
        ({"starts": np.array([0, 0, 4])}, "do not divide the nodes"),
        ({"starts": np.array([0]), "fold": np.zeros(0, np.int32)}, "do not divide the nodes"),
        ({"fold": np.array([0, 9], np.int32)}, "a fold is out of range"),
        ({"feature": np.array([2, -1, -1, -1], np.int32)}, "does not exist"),
        ({"feature": np.array([-2, -1, -1, -1], np.int32)}, "does not exist"),
        ({"left": np.array([0, 0, 0, 0], np.int32)}, "does not follow its parent"),
        ({"left": np.array([2, 0, 0, 0], np.int32)}, "does not follow its parent"),
        ({"threshold": np.array([5, 0.25, 1.5, 0.5], np.float32)}, "outside 0 to 1"),
        ({"threshold": np.array([5, 0.25, np.nan, 0.5], np.float32)}, "outside 0 to 1"),
    ],
)
def test_what_is_refused(change, message):
    with pytest.raises(ArtifactError, match=message):
        replace(WHOLE, **change).audit()


def test_a_node_with_two_parents_or_none_is_refused():
    twice = ExtraTreesRecord(
        starts=np.array([0, 5]),
        fold=np.zeros(1, np.int32),
        feature=np.array([0, 0, -1, -1, -1], np.int32),
        threshold=np.array([1, 0, 0.5, 0.5, 0.5], np.float32),
        left=np.array([1, 2, 0, 0, 0], np.int32),
        default_left=np.zeros(5, bool),
        n_features=1,
    )
    with pytest.raises(ArtifactError, match="no parent or more than one"):
        twice.audit()
