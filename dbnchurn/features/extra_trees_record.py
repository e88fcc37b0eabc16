"""Extremely randomised trees as plain arrays, and the share of churners that they expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Floats, Floats32, Ints, Ints32
from dbnchurn.features.forest_record import audit_children, audit_starts

if TYPE_CHECKING:
    from scipy import special
else:
    special = LazyModule("scipy.special")

LEAF = -1  # in place of a column: the node is a leaf
LEAST_SHARE = 1e-3  # trees grown to few rows per leaf know no smaller share, nor its complement
CHUNK = 4_096  # rows that go down one tree side by side, so that they and its nodes fit the cache
FEW = 32  # up to so many rows, calls cost more than their arithmetic: they take all trees at once


@dataclass(frozen=True, eq=False)
class ExtraTreesRecord:
    """The trees of all folds, node after node; a parent always comes before its children.

    The right child of a node is the node after its left child. Rows at or above the threshold of a
    node go right. A category is tested as the number of its level.

    Parameters
    ----------
    starts : int64 array of shape (trees + 1,)
        First node of every tree, and the number of nodes at the end.
    fold : int32 array of shape (trees,)
        Fold whose rows the tree was grown without.
    feature : int32 array of shape (nodes,)
        Column that the node tests; -1 for a leaf.
    threshold : float32 array of shape (nodes,)
        Of the test; of a leaf, the share of churners in it.
    left : int32 array of shape (nodes,)
        The left child, counted from the first node of the tree; 0 for a leaf.
    default_left : bool array of shape (nodes,)
        Whether a missing value goes left.
    n_features : int
        Columns of the matrix that the trees test.

    Examples
    --------
    >>> record = ExtraTreesRecord(
    ...     starts=np.array([0, 3]),
    ...     fold=np.zeros(1, np.int32),
    ...     feature=np.array([0, -1, -1], np.int32),
    ...     threshold=np.array([5, 0.25, 0.75], np.float32),
    ...     left=np.array([1, 0, 0], np.int32),
    ...     default_left=np.array([True, False, False]),
    ...     n_features=1,
    ... )
    >>> record.audit()
    >>> record.logits(np.array([[4], [5], [np.nan]], np.float32)).round(2)
    array([-1.1,  1.1, -1.1])
    """

    starts: Ints
    fold: Ints32
    feature: Ints32
    threshold: Floats32
    left: Ints32
    default_left: Bools
    n_features: int

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.starts) - 1

    def audit(self) -> None:
        """Check that the arrays are trees, that they test existing columns, and their shares.

        Raises
        ------
        ArtifactError
            If they are not, or a share is outside 0 to 1.
        """
        n, starts, spans = len(self.feature), self.starts, np.diff(self.starts)
        per_node = (self.feature, self.threshold, self.left, self.default_left)
        if any(array.shape != (n,) for array in per_node) or self.fold.shape != (len(spans),):
            raise ArtifactError("extra trees: the arrays of nodes or trees differ in length")
        audit_starts("extra trees", starts, n)
        if not self.trees:
            raise ArtifactError("extra trees: there are none")
        if (self.fold < 0).any() or (self.fold >= len(spans)).any():
            raise ArtifactError("extra trees: a fold is out of range")
        leaf = self.feature == LEAF
        if ((self.feature < LEAF) | (self.feature >= self.n_features)).any():
            raise ArtifactError("extra trees: a node tests a column that does not exist")
        audit_children("extra trees", starts, ~leaf, self.left, self.left + np.int32(1))
        shares = self.threshold[leaf]
        if not ((shares >= 0) & (shares <= 1)).all():
            raise ArtifactError("extra trees: the share of a leaf is outside 0 to 1")

    def logits(self, matrix: Floats32) -> Floats:
        """Log-odds of the mean share over all trees.

        Parameters
        ----------
        matrix : float32 array of shape (n, n_features)
            As :func:`~dbnchurn.features.leaves_record.booster_matrix` makes it.

        Returns
        -------
        float64 array of shape (n,)
        """
        return self._log_odds_of(matrix, np.arange(self.trees))

    def out_of_fold_logits(self, matrix: Floats32, fold: Ints) -> Floats:
        """Log-odds of training rows, each by the trees that were grown without its fold.

        Parameters
        ----------
        matrix : float32 array of shape (n, n_features)
        fold : int64 array of shape (n,)
            Fold index of every row.

        Returns
        -------
        float64 array of shape (n,)
        """
        out = np.empty(len(matrix))
        for number in np.unique(fold):
            rows, trees = fold == number, np.flatnonzero(self.fold == number)
            out[rows] = self._log_odds_of(matrix[rows], trees)
        return out

    def sample(self, trees: int) -> ExtraTreesRecord:
        """A record of so many of the trees, at equal distances; itself if it has no more.

        Parameters
        ----------
        trees : int

        Returns
        -------
        ExtraTreesRecord
        """
        if trees >= self.trees:
            return self
        chosen = np.linspace(0, self.trees - 1, trees).round().astype(np.intp)
        spans = np.diff(self.starts)[chosen]
        nodes = np.concatenate([np.arange(self.starts[t], self.starts[t + 1]) for t in chosen])
        return ExtraTreesRecord(
            np.append(0, np.cumsum(spans)),
            self.fold[chosen],
            self.feature[nodes],
            self.threshold[nodes],
            self.left[nodes],
            self.default_left[nodes],
            self.n_features,
        )

    def _log_odds_of(self, matrix: Floats32, trees: Ints) -> Floats:
        shares = np.empty(len(matrix))
        for start in range(0, len(matrix), CHUNK):
            rows = matrix[start : start + CHUNK]
            at_once = 1 if len(rows) > FEW else len(trees)
            groups = [trees[first : first + at_once] for first in range(0, len(trees), at_once)]
            by_tree = np.hstack([self._shares(rows, group) for group in groups])
            # Added up tree by tree, so that a row alone is rounded as in a batch.
            shares[start : start + CHUNK] = np.add.accumulate(by_tree, axis=1)[:, -1] / len(trees)
        return np.asarray(special.logit(np.clip(shares, LEAST_SHARE, 1 - LEAST_SHARE)))

    def _shares(self, matrix: Floats32, trees: Ints) -> Floats:
        """Share in the leaf of every row in some trees, (n, trees): all go down side by side."""
        n, width = matrix.shape
        flat = np.ascontiguousarray(matrix).ravel()
        row = np.repeat(np.arange(n) * width, len(trees))
        first = np.tile(self.starts[trees], n)
        node, under_way = first.copy(), np.arange(len(first))
        while len(under_way):
            at = node[under_way]
            tested = self.feature[at]
            inner = tested != LEAF
            under_way, at, tested = under_way[inner], at[inner], tested[inner]
            value = flat[row[under_way] + tested]
            right = value >= self.threshold[at]
            right |= np.isnan(value) & ~self.default_left[at]
            node[under_way] = first[under_way] + self.left[at] + right
        return self.threshold[node].astype(np.float64).reshape(n, len(trees))
