"""Extremely randomised trees: cross-fitted, grown to small leaves, on columns chosen at random."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.base import BaseEstimator
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.tree._tree import Tree

from dbnchurn.core.parallel import run_parallel
from dbnchurn.core.random_state import stratified_subsample
from dbnchurn.core.typing import Floats, Floats32, Ints
from dbnchurn.features.extra_trees_record import LEAF, ExtraTreesRecord
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.features.wide_tables import WIDE, is_wide
from dbnchurn.tables.schema import Table


class ExtraTrees(BaseEstimator):  # type: ignore[misc]
    """Grow trees whose cuts are drawn at random, and average the shares of churners in the leaves.

    A boosted model corrects its own errors with shallow trees; these are deep and independent of
    one another. They remember customers that nearly repeat, and err elsewhere than boosters and
    networks, so that the blend of both is better than either. The trees of a fold are grown without
    its rows, as boosters are: for a training row, those of its fold tell what is expected of a new
    one.

    Parameters
    ----------
    n_trees : int, default 60
        Trees of all folds together; at least one per fold.
    min_leaf : int, default 2
        Rows of a leaf, at least.
    max_features : float, default 0.6
        Share of the columns that a node draws a cut of, to take the best; 1,000 columns at most in
        a table of more numbers than rows and than 1,000.
    max_rows : int, default 50_000
        Training rows of a fold's trees, at most; of more, so many are drawn, the same share of
        either class.
    largest : int, default 500_000
        Leaves of all trees together, about: on many rows there are fewer trees, but at least four
        per fold, and then larger leaves.

    Attributes
    ----------
    record_ : ExtraTreesRecord

    References
    ----------
    Geurts, Ernst and Wehenkel, 2006. Extremely randomized trees. Machine Learning 63.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> table = Table(x, np.empty((200, 0), np.int32), ("a", "b"), (), ())
    >>> y, fold = (x[:, 0] > 0).astype(np.int64), np.arange(200) % 2
    >>> trees = ExtraTrees(n_trees=10).fit(table, y, fold=fold, generator=np.random.default_rng(0))
    >>> trees.record_.trees, trees.record_.logits(booster_matrix(table)).shape
    (10, (200,))
    """

    def __init__(
        self,
        *,
        n_trees: Annotated[int, Field(ge=1)] = 60,
        min_leaf: Annotated[int, Field(ge=1)] = 2,
        max_features: Annotated[float, Field(gt=0, le=1)] = 0.6,
        max_rows: Annotated[int, Field(ge=2)] = 50_000,
        largest: Annotated[int, Field(ge=1)] = 500_000,
    ) -> None:
        self.n_trees = n_trees
        self.min_leaf = min_leaf
        self.max_features = max_features
        self.max_rows = max_rows
        self.largest = largest

    def fit(
        self,
        table: Table,
        y: Ints,
        *,
        sample_weight: Floats | None = None,
        fold: Ints,
        generator: np.random.Generator,
        n_jobs: int = 1,
    ) -> ExtraTrees:
        """Grow the trees of every fold.

        Parameters
        ----------
        table : Table of n prepared rows
        y : int array of shape (n,)
            1 for churners, 0 for stayers.
        sample_weight : float array of shape (n,), optional
            How often a row counts.
        fold : int array of shape (n,)
            Fold index of every row, from 0; a single fold has trees of all rows.
        generator : numpy Generator
        n_jobs : int, default 1
            Folds whose trees are grown at once.

        Returns
        -------
        ExtraTrees
            Itself.
        """
        matrix = booster_matrix(table)
        sample_weight = np.ones(len(y)) if sample_weight is None else sample_weight
        folds = int(fold.max()) + 1
        seeds = generator.integers(2**31, size=folds).tolist()
        n_trees, min_leaf = self._sizes(len(y), folds)
        wide = is_wide(len(y), len(table.number_names))
        share = min(self.max_features, WIDE / matrix.shape[1]) if wide else self.max_features

        def grow(k: int) -> ExtraTreesClassifier:
            rows = np.flatnonzero(fold != k) if folds > 1 else np.arange(len(y))
            if len(rows) > self.max_rows:
                draw = np.random.default_rng(seeds[k])
                rows = rows[stratified_subsample(y[rows], self.max_rows, draw)]
            forest = ExtraTreesClassifier(
                n_trees,
                min_samples_leaf=min_leaf,
                max_features=share,
                random_state=seeds[k],
            )
            return forest.fit(matrix[rows], y[rows], sample_weight[rows])

        forests = run_parallel([partial(grow, k) for k in range(folds)], n_jobs)
        self.record_ = _record(forests, matrix.shape[1])
        return self

    def _sizes(self, rows: int, folds: int) -> tuple[int, int]:
        """Trees of a fold, and rows of a leaf."""
        wanted = max(1, round(self.n_trees / folds))
        leaves = min(rows, self.max_rows) / (2 * self.min_leaf)  # seen: about half as many as fit
        n_trees = int(np.clip(self.largest / (folds * leaves), min(4, wanted), wanted))
        larger = n_trees * folds * leaves / self.largest
        return n_trees, max(self.min_leaf, round(self.min_leaf * larger))


def _record(forests: list[ExtraTreesClassifier], n_features: int) -> ExtraTreesRecord:
    trees = [tree.tree_ for forest in forests for tree in forest.estimators_]
    parts = [
        _tree_arrays(tree.tree_, float(forest.classes_[-1]))
        for forest in forests
        for tree in forest.estimators_
    ]
    return ExtraTreesRecord(
        starts=np.cumsum([0] + [tree.node_count for tree in trees]),
        fold=np.repeat(
            np.arange(len(forests), dtype=np.int32), [len(f.estimators_) for f in forests]
        ),
        feature=np.concatenate([part[0] for part in parts]),
        threshold=np.concatenate([part[1] for part in parts]),
        left=np.concatenate([part[2] for part in parts]),
        default_left=np.concatenate([part[3] for part in parts]),
        n_features=n_features,
    )


def _tree_arrays(
    tree: Tree,
    only: float,
) -> tuple[npt.NDArray[np.int32], Floats32, npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Features, thresholds, left children and directions of missing values, siblings side by side.

    scikit-learn numbers nodes depth first; here the two children of a node get two numbers in a
    row, level by level. Rows of one class alone, `only`, have one count.
    """
    left, right = tree.children_left, tree.children_right
    order, number = [np.zeros(1, np.int64)], np.zeros(tree.node_count, np.int64)
    count = 1
    while len(parents := order[-1][left[order[-1]] >= 0]):
        children = np.column_stack([left[parents], right[parents]]).ravel()
        number[children] = np.arange(count, count + len(children))
        count += len(children)
        order.append(children)
    nodes = np.concatenate(order)
    inner = left[nodes] >= 0
    counts = tree.value[nodes, 0]
    share = counts[:, -1] / counts.sum(axis=1) if counts.shape[1] > 1 else np.full(len(nodes), only)
    # scikit-learn sends x ≤ t left, in double precision; here x < t goes left, in single.
    cut = tree.threshold[nodes].astype(np.float32)
    below = np.where(cut > tree.threshold[nodes], np.nextafter(cut, np.float32(-np.inf)), cut)
    threshold = np.where(inner, np.nextafter(below, np.float32(np.inf)), share)
    return (
        np.where(inner, tree.feature[nodes], LEAF).astype(np.int32),
        threshold.astype(np.float32),
        np.where(inner, number[left[nodes]], 0).astype(np.int32),
        inner & (tree.missing_go_to_left[nodes] != 0),
    )
