"""A booster as an ONNX tree ensemble that says which leaf of every tree a row falls into."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.features.leaves_record import Forest
from dbnchurn.scoring.onnx_graph import Graph

SUM, NO_POSTPROCESSING = 1, 0
BRANCH_LESS, BRANCH_MEMBER = 1, 6


def tree_ensemble(graph: Graph, forest: Forest, matrix: str) -> str:
    """Add the trees of a booster.

    Every tree is a target of its own, and the weight of a leaf is its place among all leaves of the
    booster; float32 holds whole numbers up to 2^24 exactly.

    Parameters
    ----------
    graph : Graph
    forest : Forest
    matrix : str
        The booster matrix, NaN where missing.

    Returns
    -------
    str
        Name of int64 values of shape (n, trees): rows of the booster's embedding table.
    """
    graph.leaves.append(sum(forest.sizes))
    attributes = _attributes(graph, forest)
    places = graph("TreeEnsemble", matrix, domain="ai.onnx.ml", **attributes)
    return graph.cast(places, np.int64)


def _attributes(graph: Graph, forest: Forest) -> dict[str, Any]:
    """The arrays of the trees as the operator wants them: inner nodes and leaves apart.

    A tree of one leaf becomes a test whose two answers are that leaf.
    """
    roots, leaf = forest.starts[:-1], forest.feature < 0
    inner = ~leaf
    inner[roots] = True
    leaf_id, node_id = np.cumsum(leaf) - 1, np.cumsum(inner) - 1
    id_of_child = np.where(leaf, leaf_id, node_id)
    # A number below the threshold goes left; a category in the set goes right.
    by_set = np.diff(forest.category_starts) > 0
    left, right = _children(forest, forest.left), _children(forest, forest.right)
    true, false = np.where(by_set, right, left)[inner], np.where(by_set, left, right)[inner]
    missing_to_true = forest.default_left ^ by_set

    def floating(name: str, values: npt.ArrayLike) -> Any:
        flat = np.asarray(values, np.float32)
        return graph.helper.make_tensor(name, graph.kind(np.float32), [len(flat)], flat)

    modes = np.where(by_set, BRANCH_MEMBER, BRANCH_LESS)[inner].astype(np.uint8)
    attributes = {
        "n_targets": forest.trees,
        "aggregate_function": SUM,
        "post_transform": NO_POSTPROCESSING,
        "tree_roots": node_id[roots].tolist(),
        "nodes_modes": graph.helper.make_tensor("modes", graph.kind(np.uint8), [len(modes)], modes),
        "nodes_featureids": np.maximum(forest.feature, 0)[inner].tolist(),
        "nodes_splits": floating("splits", np.where(by_set, 0, forest.threshold)[inner]),
        "nodes_truenodeids": id_of_child[true].tolist(),
        "nodes_trueleafs": leaf[true].astype(int).tolist(),
        "nodes_falsenodeids": id_of_child[false].tolist(),
        "nodes_falseleafs": leaf[false].astype(int).tolist(),
        "nodes_missing_value_tracks_true": missing_to_true[inner].astype(int).tolist(),
        "leaf_targetids": np.repeat(np.arange(forest.trees), forest.sizes).tolist(),
        "leaf_weights": floating("weights", np.arange(leaf.sum())),
    }
    if by_set.any():
        attributes["membership_values"] = floating("members", _sets(forest, by_set))
    return attributes


def _children(forest: Forest, side: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """The left or right child of every node among all nodes; a leaf's is the leaf itself."""
    first = np.repeat(forest.starts[:-1], np.diff(forest.starts))
    return np.where(side < 0, np.arange(len(side)), first + side)


def _sets(forest: Forest, which: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """The category sets one after another, each ended by NaN."""
    bounds = forest.category_starts
    sets = [
        np.append(forest.categories[bounds[node] : bounds[node + 1]].astype(np.float32), np.nan)
        for node in np.flatnonzero(which)
    ]
    return np.concatenate(sets).astype(np.float32)
