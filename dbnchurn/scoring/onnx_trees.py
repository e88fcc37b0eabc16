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
    tree = np.repeat(np.arange(forest.trees), np.diff(forest.starts))
    leaf = forest.feature < 0
    stump = np.zeros(len(leaf), bool)
    stump[forest.starts[:-1]] = leaf[forest.starts[:-1]]
    inner = ~leaf | stump
    node_id = np.cumsum(inner) - 1
    leaf_id = np.cumsum(leaf) - 1
    members = np.diff(forest.category_starts) > 0
    first = forest.starts[tree]

    def children(side: npt.NDArray[np.int32]) -> tuple[list[int], list[int]]:
        child = np.where(stump, np.arange(len(leaf)), first + side)[inner]
        return np.where(leaf[child], leaf_id[child], node_id[child]).tolist(), leaf[child].astype(
            int
        ).tolist()

    # A number below the threshold goes left; a category in the set goes right.
    left, right = children(forest.left), children(forest.right)
    by_set = members[inner]
    true_ids, true_leafs = _choose(by_set, right, left)
    false_ids, false_leafs = _choose(by_set, left, right)
    to_true = np.where(members, ~forest.default_left, forest.default_left)
    floats = graph.kind(np.float32)

    def floating(name: str, values: npt.ArrayLike) -> Any:
        flat = np.asarray(values, np.float32)
        return graph.helper.make_tensor(name, floats, [len(flat)], flat)

    modes = np.where(by_set, BRANCH_MEMBER, BRANCH_LESS).astype(np.uint8)
    attributes = {
        "n_targets": forest.trees,
        "aggregate_function": SUM,
        "post_transform": NO_POSTPROCESSING,
        "tree_roots": node_id[forest.starts[:-1]].tolist(),
        "nodes_modes": graph.helper.make_tensor("modes", graph.kind(np.uint8), [len(modes)], modes),
        "nodes_featureids": np.maximum(forest.feature, 0)[inner].tolist(),
        "nodes_splits": floating("splits", np.where(members, 0, forest.threshold)[inner]),
        "nodes_truenodeids": true_ids,
        "nodes_trueleafs": true_leafs,
        "nodes_falsenodeids": false_ids,
        "nodes_falseleafs": false_leafs,
        "nodes_missing_value_tracks_true": to_true[inner].astype(int).tolist(),
        "leaf_targetids": tree[leaf].tolist(),
        "leaf_weights": floating("weights", np.arange(leaf.sum())),
    }
    if by_set.any():
        attributes["membership_values"] = floating("members", _sets(forest, inner & members))
    return attributes


def _choose(
    by_set: npt.NDArray[np.bool_],
    where: tuple[list[int], list[int]],
    otherwise: tuple[list[int], list[int]],
) -> tuple[list[int], list[int]]:
    """Children and whether they are leaves, from one side where a set is tested."""
    pairs = zip(where, otherwise, strict=True)
    ids, leafs = (np.where(by_set, a, b).tolist() for a, b in pairs)
    return ids, leafs


def _sets(forest: Forest, which: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """The category sets one after another, each ended by NaN."""
    bounds = forest.category_starts
    sets = [
        np.append(forest.categories[bounds[node] : bounds[node + 1]].astype(np.float32), np.nan)
        for node in np.flatnonzero(which)
    ]
    return np.concatenate(sets).astype(np.float32)
