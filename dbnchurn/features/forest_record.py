"""The trees of one booster as plain arrays, and the check that they are trees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Bools, Floats32, Ints, Ints32

LARGEST_TREE = 2**19  # leaves; those of a block of 32 trees can then be counted in float32


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

    starts: Ints
    feature: Ints32
    threshold: Floats32
    left: Ints32
    right: Ints32
    default_left: Bools
    category_starts: Ints
    categories: Ints32
    value: Floats32

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
    def code_of_node(self) -> Ints32:
        """Leaves counted from 0 within their tree, in the order of the nodes; -1 for others."""
        is_leaf = self.feature < 0
        number = np.cumsum(is_leaf) - 1
        first = np.repeat(np.append(0, np.cumsum(self.sizes))[:-1], np.diff(self.starts))
        return np.where(is_leaf, number - first, -1).astype(np.int32)

    @cached_property
    def leaf_values(self) -> Floats32:
        """Values of all leaves, tree after tree, in the order of their codes."""
        return self.value[self.feature < 0]

    def audit(self) -> None:
        """Check that the arrays are trees.

        Raises
        ------
        ArtifactError
            If lengths differ, a child does not follow its parent within the tree, a node has no
            parent or several, a reference is out of range, or a tree has too many leaves.
        """
        n = len(self.feature)
        per_node = (self.threshold, self.left, self.right, self.default_left, self.value)
        starts = self.starts
        if any(len(a) != n for a in per_node) or len(self.category_starts) != n + 1:
            raise ArtifactError("trees: the arrays of nodes differ in length")
        audit_starts("trees", starts, n)
        bounds = self.category_starts
        if bounds[0] != 0 or bounds[-1] != len(self.categories) or (np.diff(bounds) < 0).any():
            raise ArtifactError("trees: the category sets do not divide the categories")
        leaf = self.feature < 0
        if (self.categories < 0).any() or (self.feature < -1).any() or np.diff(bounds)[leaf].any():
            raise ArtifactError("trees: a feature or a category is out of range")
        audit_children("trees", starts, ~leaf, self.left, self.right)
        if max(self.sizes, default=0) > LARGEST_TREE:
            raise ArtifactError(f"trees: a tree has more than {LARGEST_TREE} leaves")


def audit_starts(name: str, starts: Ints, nodes: int) -> None:
    """Check that the first nodes of trees divide the nodes.

    Parameters
    ----------
    name : str
        Of the trees, for messages.
    starts : int64 array of shape (trees + 1,)
    nodes : int
        Number of nodes of all trees.

    Raises
    ------
    ArtifactError
        If they do not.
    """
    whole = len(starts) >= 1 and starts[0] == 0 and starts[-1] == nodes
    if not whole or (np.diff(starts) < 1).any():
        raise ArtifactError(f"{name}: the starts of the trees do not divide the nodes")


def audit_children(name: str, starts: Ints, inner: Bools, left: Ints32, right: Ints32) -> None:
    """Check that every node but the first of a tree is the child of one node before it.

    Parameters
    ----------
    name : str
        Of the trees, for messages.
    starts : int64 array of shape (trees + 1,)
        As :func:`audit_starts` checks them.
    inner : bool array of shape (nodes,)
        Whether a node is no leaf.
    left, right : int32 arrays of shape (nodes,)
        Children of inner nodes, counted from the first node of the tree.

    Raises
    ------
    ArtifactError
        If a child does not follow its parent within the tree, or a node has no parent or several.
    """
    spans = np.diff(starts)
    first, size = np.repeat(starts[:-1], spans), np.repeat(spans, spans)
    place = np.arange(len(inner)) - first
    for child in (left, right):
        if ((child <= place) | (child >= size))[inner].any():
            raise ArtifactError(f"{name}: a child does not follow its parent within the tree")
    children = np.concatenate([(first + child)[inner] for child in (left, right)])
    parents = np.bincount(children, minlength=len(inner))
    parents[starts[:-1]] += 1
    if (parents != 1).any():
        raise ArtifactError(f"{name}: a node has no parent or more than one")
