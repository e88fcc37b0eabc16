"""The leaf of every tree that a row falls into.

A few rows are walked by :mod:`dbnchurn.features.leaf_walk_record`. Many are looked up with the
packed tests of :mod:`dbnchurn.features.packed_trees_record` or, where trees are deep, by treelite,
which needs neither xgboost nor scikit-learn. Treelite evaluates all trees of a model for one row
before the next row. Many rows are therefore evaluated on one block of trees after another, since a
block fits into the processor's cache. A categorical test costs treelite a search through its set,
several times as much as a test of a number; within a block it is therefore replaced by a test of a
0/1 column, which says for every row whether its category is in the set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Floats32, Ints32, Rows
from dbnchurn.features.forest_record import Forest
from dbnchurn.features.leaf_walk_record import Walk
from dbnchurn.features.packed_trees_record import (
    PackedForest,
    PackedRows,
    Value,
    Words,
    packable,
)

if TYPE_CHECKING:
    import treelite
    from treelite import model_builder
else:
    treelite = LazyModule("treelite")
    model_builder = LazyModule("treelite.model_builder")

Sets = dict[tuple[int, bytes], int]

FEW = 32  # up to so many rows, calls cost more than their arithmetic
BLOCK_TREES = 32  # their nodes and the first-layer weights of their leaves fit the cache


@dataclass(frozen=True)
class TreeSpan:
    """Consecutive trees of one booster.

    Parameters
    ----------
    booster : int
        Number of the booster.
    forest : Forest
        All trees of that booster.
    inside : range
        The trees, counted within the booster.
    trees, leaves : slice
        The trees and their leaves, counted over all boosters.
    """

    booster: int
    forest: Forest
    inside: range
    trees: slice
    leaves: slice


class Block:
    """A span of trees, and the 0/1 columns that replace its tests for sets of categories.

    Parameters
    ----------
    span : TreeSpan
    n_features : int
        Columns of the matrix that the trees test.
    levels : dict of column → int
        Smallest number that is larger than all categories in the sets of all blocks.
    """

    def __init__(self, span: TreeSpan, n_features: int, levels: dict[int, int]) -> None:
        self.span = span
        sets = _sets(span)
        self.model = _build(span, n_features, sets)
        self.members = {
            column: _membership([s for c, s in sets if c == column], levels[column])
            for column in dict.fromkeys(column for column, _ in sets)
        }

    def places(self, matrix: Floats32, categories: dict[int, Rows]) -> Ints32:
        """Look up the leaves of rows.

        Parameters
        ----------
        matrix : float32 array of shape (n, n_features)
        categories : dict of column → intp array of shape (n,)
            As :meth:`Lookup.categories` gives them.

        Returns
        -------
        int32 array of shape (n, trees of the span)
            Leaves, counted over the trees of the span.
        """
        members = (table[categories[column]] for column, table in self.members.items())
        return _places(self.model, np.concatenate([matrix, *members], axis=1))


class Lookup:
    """The trees of all boosters, as they are evaluated for a few rows and for many.

    Parameters
    ----------
    forests : iterable of Forest
    n_features : int
        Columns of the matrix that the trees test.
    block_trees : int, default 32
        Trees of a block; changes no leaf.
    """

    def __init__(
        self, forests: Iterable[Forest], n_features: int, *, block_trees: int = BLOCK_TREES
    ) -> None:
        self.n_features = n_features
        self.forests = tuple(forests)
        self.spans = tuple(_spans(self.forests, block_trees))

    @cached_property
    def packed(self) -> tuple[PackedForest | None, ...]:
        """The shallow trees for many rows, by booster; None where trees are deep."""
        return tuple(
            PackedForest(forest) if packable(forest, self.levels) else None
            for forest in self.forests
        )

    @cached_property
    def blocks(self) -> tuple[Block | None, ...]:
        """The deep trees for many rows: a model per span; None where trees are packed."""
        return tuple(
            None if self.packed[span.booster] else Block(span, self.n_features, self.levels)
            for span in self.spans
        )

    @cached_property
    def walk(self) -> Walk:
        """The trees for a few rows: arrays, from which nothing has to be built."""
        return Walk(self.forests)

    @cached_property
    def levels(self) -> dict[int, int]:
        """For every column that is tested for sets: the largest category of its sets, plus 1."""
        levels: dict[int, int] = {}
        for forest in dict.fromkeys(self.forests):
            tests = np.repeat(forest.feature, np.diff(forest.category_starts))
            for column in np.unique(tests).tolist():
                largest = int(forest.categories[tests == column].max())
                levels[column] = max(levels.get(column, 0), largest + 1)
        return levels

    def categories(self, matrix: Floats32) -> dict[int, Rows]:
        """Row of the membership tables for every category; see :func:`_membership`."""
        rows = {}
        for column, levels in self.levels.items():
            values = matrix[:, column]
            known = np.where((values >= 0) & (values < levels), values, levels)
            rows[column] = np.where(np.isnan(values), levels + 1, known).astype(np.intp)
        return rows

    def by_span(
        self, matrix: Floats32, booster: int | None = None
    ) -> Iterator[tuple[TreeSpan, Ints32]]:
        """Look up the leaves of many rows, span by span.

        Parameters
        ----------
        matrix : float32 array of shape (n, n_features)
        booster : int, optional
            Only the spans of this booster; of all boosters if not given.

        Yields
        ------
        span : TreeSpan
        leaves : int32 array of shape (n, trees of the span)
            Counted within the span.
        """
        within = [np.arange(span.leaves.stop - span.leaves.start) for span in self.spans]
        numbers = np.concatenate([np.empty(0, np.int32), *within], dtype=np.int32)
        for span, leaves in self._of_leaves(numbers, matrix, booster):
            yield span, np.ascontiguousarray(leaves.T)

    def sums(self, values: Floats32, matrix: Floats32) -> Iterator[tuple[TreeSpan, Floats32]]:
        """Add up what the leaves of many rows stand for, span by span.

        Parameters
        ----------
        values : float32 array of shape (leaves of all boosters,)
        matrix : float32 array of shape (n, n_features)

        Yields
        ------
        span : TreeSpan
        sums : float32 array of shape (n,)
            Tree after tree, so that a row alone is rounded as in a batch.
        """
        for span, added in self._of_leaves(values, matrix):
            yield span, np.add.reduce(np.ascontiguousarray(added), axis=0)

    def _of_leaves(
        self, of_leaf: npt.NDArray[Value], matrix: Floats32, booster: int | None = None
    ) -> Iterator[tuple[TreeSpan, npt.NDArray[Value]]]:
        """What the leaves of the rows stand for, shape (trees of the span, n), span by span."""
        rows = PackedRows.of(matrix, self.levels) if any(self.packed) else None
        categories = {} if all(self.packed) else self.categories(matrix)
        answered: tuple[int, Words] | None = None
        for span, block in zip(self.spans, self.blocks, strict=True):
            if booster not in (None, span.booster):
                continue
            values, packed = of_leaf[span.leaves], self.packed[span.booster]
            if block is not None:
                yield span, values[block.places(matrix, categories)].T
            elif packed is not None and rows is not None:
                if answered is None or answered[0] != span.booster:
                    answered = span.booster, packed.answers(rows)
                sizes = span.forest.sizes[span.inside.start : span.inside.stop]
                leaves = packed.leaves[span.inside.start : span.inside.stop]
                leaves = leaves + np.cumsum((0, *sizes))[:-1, None]
                yield span, packed.at_ends(values[leaves], answered[1], span.inside)[:, : rows.n]

    def booster_sums(self, values: Floats32, matrix: Floats32) -> Floats:
        """Add up what the leaves of rows stand for, booster by booster.

        Parameters
        ----------
        values : float32 array of shape (leaves of all boosters,)
        matrix : float32 array of shape (n, n_features)

        Returns
        -------
        float64 array of shape (n, boosters)
            A row alone is rounded as in a batch.
        """
        out = np.zeros((len(matrix), len(self.forests)))
        if len(matrix) > FEW:
            for span, added in self.sums(values, matrix):
                out[:, span.booster] += added
            return out
        leaves = self.at_once(matrix)
        added = np.zeros((len(leaves), leaves.shape[1] + 1), np.float32)
        added[:, :-1] = values[leaves]
        # One after another, as above: another order would be rounded otherwise.
        by_span = np.add.accumulate(added[:, self._in_spans], axis=1)[:, -1]
        by_booster = np.add.accumulate(by_span, axis=2, dtype=np.float64)
        return np.asarray(by_booster[:, :, -1])

    @cached_property
    def _in_spans(self) -> Rows:
        """Trees by their place in a span, by booster, and by the spans of the booster.

        Where a span is short, or a booster has fewer spans, the place after the last tree, at
        which a zero is added.
        """
        trees = self.spans[-1].trees.stop
        longest = max(len(span.inside) for span in self.spans)
        of_booster = [[s for s in self.spans if s.booster == b] for b in range(len(self.forests))]
        found = np.full((longest, len(of_booster), max(map(len, of_booster))), trees)
        for booster, spans in enumerate(of_booster):
            for i, span in enumerate(spans):
                found[: len(span.inside), booster, i] = range(span.trees.start, span.trees.stop)
        return found

    def at_once(self, matrix: Floats32) -> Ints32:
        """Leaves of every row, counted over all boosters, shape (n, all trees); for a few rows."""
        return self.walk.leaves(matrix)


def _spans(forests: Iterable[Forest], block_trees: int) -> Iterator[TreeSpan]:
    tree = leaf = 0
    for booster, forest in enumerate(forests):
        for first in range(0, forest.trees, block_trees):
            inside = range(first, min(first + block_trees, forest.trees))
            trees = slice(tree, tree + len(inside))
            leaves = slice(leaf, leaf + sum(forest.sizes[first : inside.stop]))
            yield TreeSpan(booster, forest, inside, trees, leaves)
            tree, leaf = trees.stop, leaves.stop


def _sets(span: TreeSpan) -> Sets:
    """The distinct (column, set) that the trees test, numbered column after column."""
    forest, sets = span.forest, set()
    first, last = forest.starts[span.inside.start], forest.starts[span.inside.stop]
    for node in range(first, last):
        start, stop = forest.category_starts[node : node + 2]
        if stop > start:
            sets.add((int(forest.feature[node]), forest.categories[start:stop].tobytes()))
    return {key: i for i, key in enumerate(sorted(sets))}


def _membership(sets: list[bytes], levels: int) -> Floats32:
    """Whether each category is in each set: levels, then one beyond them all, then missing."""
    table = np.zeros((levels + 2, len(sets)), np.float32)
    for j, members in enumerate(sets):
        table[np.frombuffer(members, np.int32), j] = 1
    table[-1] = np.nan
    return table


def _places(model: treelite.Model, matrix: Floats32) -> Ints32:
    leaves = treelite.gtil.predict_per_tree(model, matrix, nthread=1)
    return np.asarray(leaves.reshape(leaves.shape[:2]), np.int32)


def _build(span: TreeSpan, n_features: int, sets: Sets) -> treelite.Model:
    """The span as a treelite model; the value of a leaf is its number within the span.

    Tests for sets become tests of the columns that follow the `n_features`.
    """
    trees = len(span.inside)
    builder = model_builder.ModelBuilder(
        threshold_type="float32",
        leaf_output_type="float32",  # exact for whole numbers up to 2²⁴
        metadata=model_builder.Metadata(
            num_feature=n_features + len(sets),
            task_type="kRegressor",
            average_tree_output=False,
            num_target=1,
            num_class=[1],
            leaf_vector_shape=(1, 1),
        ),
        tree_annotation=model_builder.TreeAnnotation(
            num_tree=trees, target_id=[0] * trees, class_id=[0] * trees
        ),
        postprocessor=model_builder.PostProcessorFunc(name="identity"),
        base_scores=[0.0],
    )
    leaf = 0
    for tree in span.inside:
        builder.start_tree()
        leaf = _build_tree(builder, span.forest, tree, leaf, n_features, sets)
        builder.end_tree()
    return builder.commit()


def _build_tree(
    builder: model_builder.ModelBuilder,
    forest: Forest,
    tree: int,
    leaf: int,
    n_features: int,
    sets: Sets,
) -> int:
    """Add the nodes of a tree whose first leaf has the given number; return the next number."""
    nodes = slice(int(forest.starts[tree]), int(forest.starts[tree + 1]))
    arrays = (forest.feature, forest.threshold, forest.left, forest.right, forest.default_left)
    feature, threshold, left, right, default_left = (array[nodes].tolist() for array in arrays)
    bounds = forest.category_starts[nodes.start : nodes.stop + 1].tolist()
    for node, column in enumerate(feature):
        builder.start_node(node)
        sent_right = forest.categories[bounds[node] : bounds[node + 1]]
        children = {
            "default_left": default_left[node],
            "left_child_key": left[node],
            "right_child_key": right[node],
        }
        if column < 0:
            builder.leaf(leaf)
            leaf += 1
        elif not len(sent_right):
            builder.numerical_test(column, threshold[node], opname="<", **children)
        else:
            member = n_features + sets[column, sent_right.tobytes()]
            builder.numerical_test(member, 0.5, opname="<", **children)
        builder.end_node()
    return leaf
