"""Boosters as plain arrays, and the leaves that rows fall into.

Trees are looked up by treelite, which needs neither xgboost nor scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import treelite
from treelite.model_builder import Metadata, ModelBuilder, PostProcessorFunc, TreeAnnotation

from dbnchurn.errors import ArtifactError
from dbnchurn.schema import Table
from dbnchurn.visible import Visible

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Forest:
    """The trees of one booster, node after node; a parent always comes before its children.

    Parameters
    ----------
    starts : int64 array of shape (trees + 1,)
        First node of every tree, and the number of nodes at the end.
    feature : int32 array of shape (nodes,)
        Column that the node tests; -1 for a leaf.
    threshold : float32 array of shape (nodes,)
        A number below it goes left.
    left, right : int32 arrays of shape (nodes,)
        Children, counted from the first node of the tree; -1 for a leaf.
    default_left : bool array of shape (nodes,)
        Whether a missing value goes left.
    category_starts : int64 array of shape (nodes + 1,)
    categories : int32 array
        ``categories[category_starts[i]:category_starts[i + 1]]`` are the codes that node `i` sends
        right; empty for a test of numbers.
    value : float32 array of shape (nodes,)
        What a leaf adds to the logit of the booster; 0 for other nodes.
    """

    starts: npt.NDArray[np.int64]
    feature: Ints
    threshold: npt.NDArray[np.float32]
    left: Ints
    right: Ints
    default_left: npt.NDArray[np.bool_]
    category_starts: npt.NDArray[np.int64]
    categories: Ints
    value: npt.NDArray[np.float32]

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.starts) - 1

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Number of leaves of every tree."""
        if not self.trees:
            return ()
        return tuple(np.add.reduceat(self.feature < 0, self.starts[:-1], dtype=np.int64).tolist())

    @cached_property
    def code_of_node(self) -> Ints:
        """Leaves counted from 0 within their tree, in the order of the nodes; -1 for others."""
        is_leaf = self.feature < 0
        number = np.cumsum(is_leaf) - 1
        first = np.repeat(np.append(0, np.cumsum(self.sizes))[:-1], np.diff(self.starts))
        return np.where(is_leaf, number - first, -1).astype(np.int32)

    @cached_property
    def leaf_values(self) -> npt.NDArray[np.float32]:
        """Values of all leaves, tree after tree, in the order of their codes."""
        return self.value[self.feature < 0]

    @cached_property
    def model(self) -> treelite.Model:
        """The same trees as treelite holds them."""
        builder = ModelBuilder(
            threshold_type="float32",
            leaf_output_type="float32",
            metadata=Metadata(
                num_feature=int(self.feature.max(initial=0)) + 1,
                task_type="kRegressor",
                average_tree_output=False,
                num_target=1,
                num_class=[1],
                leaf_vector_shape=(1, 1),
            ),
            tree_annotation=TreeAnnotation(
                num_tree=self.trees, target_id=[0] * self.trees, class_id=[0] * self.trees
            ),
            postprocessor=PostProcessorFunc(name="identity"),
            base_scores=[0.0],
        )
        for start, stop in pairwise(self.starts):
            builder.start_tree()
            for node in range(start, stop):
                builder.start_node(int(node - start))
                self._build_node(builder, node)
                builder.end_node()
            builder.end_tree()
        return builder.commit()

    def _build_node(self, builder: ModelBuilder, node: int) -> None:
        if self.feature[node] < 0:
            builder.leaf(float(self.value[node]))
            return
        children = {
            "default_left": bool(self.default_left[node]),
            "left_child_key": int(self.left[node]),
            "right_child_key": int(self.right[node]),
        }
        sent_right = self.categories[self.category_starts[node] : self.category_starts[node + 1]]
        if len(sent_right):
            builder.categorical_test(
                int(self.feature[node]),
                category_list=sent_right.tolist(),
                category_list_right_child=True,
                **children,
            )
        else:
            builder.numerical_test(
                int(self.feature[node]), float(self.threshold[node]), opname="<", **children
            )

    def __getstate__(self) -> dict[str, object]:
        """Return the arrays alone: what is cached points into memory and is built anew."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def audit(self) -> None:
        """Refuse arrays that are not trees: wrong lengths, cycles, orphans, bad references."""
        n = len(self.feature)
        per_node = (self.threshold, self.left, self.right, self.default_left, self.value)
        starts, spans = self.starts, np.diff(self.starts)
        if any(len(a) != n for a in per_node) or len(self.category_starts) != n + 1:
            raise ArtifactError("trees: the arrays of nodes differ in length")
        if len(starts) < 1 or starts[0] != 0 or starts[-1] != n or (spans < 1).any():
            raise ArtifactError("trees: the starts of the trees do not divide the nodes")
        bounds = self.category_starts
        if bounds[0] != 0 or bounds[-1] != len(self.categories) or (np.diff(bounds) < 0).any():
            raise ArtifactError("trees: the category sets do not divide the categories")
        leaf = self.feature < 0
        if (self.categories < 0).any() or (self.feature < -1).any() or np.diff(bounds)[leaf].any():
            raise ArtifactError("trees: a feature or a category is out of range")
        place = np.arange(n) - np.repeat(starts[:-1], spans)
        size = np.repeat(spans, spans)
        for child in (self.left, self.right):
            if ((child <= place) | (child >= size))[~leaf].any():
                raise ArtifactError("trees: a child does not follow its parent within the tree")
        start_of = np.repeat(starts[:-1], spans)
        children = np.concatenate([(start_of + c)[~leaf] for c in (self.left, self.right)])
        parents = np.bincount(children, minlength=n)
        parents[starts[:-1]] += 1
        if (parents != 1).any():
            raise ArtifactError("trees: a node has no parent or more than one")

    def leaf_codes(
        self, matrix: npt.NDArray[np.float32], n_threads: int = 1
    ) -> npt.NDArray[np.int32]:
        """Which leaf of every tree each row falls into.

        Parameters
        ----------
        matrix : float32 array of shape (n, features)
            As :func:`booster_matrix` makes it.
        n_threads : int, default 1

        Returns
        -------
        codes : int32 array of shape (n, trees)
        """
        if not self.trees or not len(matrix):
            return np.empty((len(matrix), self.trees), np.int32)
        features = self.model.num_feature
        matrix = np.ascontiguousarray(matrix[:, :features])
        try:
            nodes = treelite.gtil.predict_leaf(self.model, matrix, nthread=n_threads)
        except treelite.TreeliteError:  # more than OpenMP allows; -1 takes what it does allow
            nodes = treelite.gtil.predict_leaf(self.model, matrix, nthread=-1)
        return np.asarray(self.code_of_node[nodes.astype(np.int64) + self.starts[:-1]])


@dataclass(frozen=True, eq=False)
class LeavesRecord:
    """The cross-fitted boosters.

    Parameters
    ----------
    forests : tuple of Forest
        One per fold; booster `k` was fitted without the rows of fold `k`.
    n_features : int
        Columns of the matrix that the trees test.
    """

    forests: tuple[Forest, ...]
    n_features: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of leaves of every tree, booster after booster: the code groups of the leaves."""
        return tuple(size for forest in self.forests for size in forest.sizes)

    @property
    def leaf_values(self) -> npt.NDArray[np.float32]:
        """Values of all leaves in the order of the code groups."""
        return np.concatenate([forest.leaf_values for forest in self.forests])

    def audit(self) -> None:
        """Refuse trees that test columns which do not exist."""
        for forest in self.forests:
            if forest.feature.max(initial=-1) >= self.n_features:
                raise ArtifactError("trees: a node tests a column that does not exist")

    def leaf_codes(
        self, booster: int, matrix: npt.NDArray[np.float32], n_threads: int = 1
    ) -> npt.NDArray[np.int32]:
        """Leaves of one booster's trees; see :meth:`Forest.leaf_codes`."""
        return self.forests[booster].leaf_codes(matrix, n_threads)


def booster_matrix(table: Table) -> npt.NDArray[np.float32]:
    """Numbers and then category codes of a prepared table, NaN where missing.

    Returns
    -------
    matrix : float32 array of shape (n, numbers + categories)
    """
    codes = np.where(table.codes < 0, np.float32(np.nan), table.codes.astype(np.float32))
    return np.hstack([table.numbers.astype(np.float32), codes])


def leaf_groups(boosters: Sequence[int]) -> list[slice]:
    """Columns of every booster's code groups, given its number of trees."""
    ends = np.cumsum([0, *boosters])
    return [slice(int(a), int(b)) for a, b in pairwise(ends)]


def with_leaves(
    base: Visible, record: LeavesRecord, booster: int, codes: npt.NDArray[np.int32]
) -> Visible:
    """The visible layer seen through one booster: its leaves present, those of the others missing.

    Parameters
    ----------
    base : Visible of n rows
        Encoded columns.
    record : LeavesRecord
    booster : int
    codes : int32 array of shape (n, trees of the booster)

    Returns
    -------
    visible : Visible
        The code groups of `base` and then those of all boosters.
    """
    groups = leaf_groups([forest.trees for forest in record.forests])
    leaves = np.full((len(base), groups[-1].stop), -1, np.int32)
    leaves[:, groups[booster]] = codes
    return replace(base, codes=np.hstack([base.codes, leaves]), sizes=base.sizes + record.sizes)
