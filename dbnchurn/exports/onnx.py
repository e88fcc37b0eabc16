"""The stored model as one ONNX graph, from the prepared table to the probability.

First the trees of a booster as one node of the graph, then the export, which adds the parts of the
model in the order of the data: units, leaves, networks, decision.
"""

from __future__ import annotations

import json
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ConfigError, wants_extra
from dbnchurn.core.files import atomic_write
from dbnchurn.core.places import check_places
from dbnchurn.core.records import pack
from dbnchurn.core.typing import Bools, Floats32, Ints, Ints32
from dbnchurn.decide.decide_record import log_odds
from dbnchurn.exports.onnx_graph import OnnxGraph
from dbnchurn.features.encode_record import FAR
from dbnchurn.features.extra_trees_record import LEAF, LEAST_SHARE, ExtraTreesRecord
from dbnchurn.features.leaves_record import Forest
from dbnchurn.predictor.model_record import ModelRecord
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.prepare.record import prepare
from dbnchurn.tables.reading import as_frame, read
from dbnchurn.tables.schema import Table

if TYPE_CHECKING:
    from dbnchurn.dbn.network_record import NetworkRecord
    from dbnchurn.features.encode_record import EncodeRecord

# Codes of the operator TreeEnsemble.
SUM, NO_POSTPROCESSING = 1, 0
BRANCH_LESS, BRANCH_MEMBER = 1, 6
NUMBERS, CODES, PROBABILITY = "numbers", "codes", "probability"  # inputs and output


def _leaf_numbers(graph: OnnxGraph, forest: Forest, matrix: str) -> str:
    """Leaves of every tree as int64 row numbers of the booster's embedding table, (n, trees).

    Every tree is a target of its own, and the weight of a leaf is its number among all leaves of
    the booster; float32 holds whole numbers up to 2^24 exactly.
    """
    attributes = _tree_attributes(graph, forest)
    numbers = graph("TreeEnsemble", matrix, domain="ai.onnx.ml", **attributes)
    return graph.cast(numbers, np.int64)


def _tree_attributes(graph: OnnxGraph, forest: Forest) -> dict[str, Any]:
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
        return graph.helper.make_tensor(name, graph.type_of(np.float32), [len(flat)], flat)

    modes = np.where(by_set, BRANCH_MEMBER, BRANCH_LESS)[inner].astype(np.uint8)
    attributes = {
        "n_targets": forest.trees,
        "aggregate_function": SUM,
        "post_transform": NO_POSTPROCESSING,
        "tree_roots": node_id[roots].tolist(),
        "nodes_modes": graph.helper.make_tensor(
            "modes", graph.type_of(np.uint8), [len(modes)], modes
        ),
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


def _children(forest: Forest, side: Ints32) -> Ints:
    """The left or right child of every node among all nodes; a leaf's is the leaf itself."""
    first = np.repeat(forest.starts[:-1], np.diff(forest.starts))
    return np.where(side < 0, np.arange(len(side)), first + side)


def _sets(forest: Forest, which: Bools) -> Floats32:
    """The category sets one after another, each ended by NaN."""
    bounds = forest.category_starts
    sets = [
        np.append(forest.categories[bounds[node] : bounds[node + 1]].astype(np.float32), np.nan)
        for node in np.flatnonzero(which)
    ]
    return np.concatenate(sets).astype(np.float32)


def export_onnx(model: Predictor | str | Path, path: str | Path, *, mkdir: bool = False) -> None:
    """Write a model as one ONNX graph.

    The graph has the inputs ``numbers`` (float64 of shape (n, p), NaN where missing) and ``codes``
    (int64 of shape (n, q), -1 where missing) of the prepared table, each only where the model has
    such columns, and the output ``probability`` (float64 of shape (n,)). A row keeps about
    ``4 · trees · hidden`` bytes for a moment, so score some hundreds of rows at a time.

    Parameters
    ----------
    model : Predictor or path of a model folder
    path : path
        Written under another name and renamed.
    mkdir : bool, default False
        Make the folder of the file if it is not there.

    Raises
    ------
    ConfigError
        If the extra ``onnx`` is not installed, the boosters of the model test hidden codes, or the
        file cannot be written or lies in the model folder.
    ArtifactError
        If the model cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from dbnchurn import ChurnClassifier
    >>> customers = pd.DataFrame({"debt": [5.0, 80.0] * 50, "plan": ["basic", "family"] * 50})
    >>> classifier = ChurnClassifier(use_leaves=False, use_companion=False, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     classifier.fit(customers, ["no", "yes"] * 50).save(Path(folder, "model"))
    ...     export_onnx(Path(folder, "model"), Path(folder, "churn.onnx"))
    ...     {name: x.shape for name, x in graph_inputs(Path(folder, "model"), customers).items()}
    {'numbers': (100, 1), 'codes': (100, 1)}

    Any runtime of ONNX scores with these arrays, without this package::

        session = onnxruntime.InferenceSession("churn.onnx")
        session.run(["probability"], inputs)
    """
    read = {} if isinstance(model, Predictor) else {"model": [model]}
    check_places({"output": path}, read, mkdir=mkdir)
    with wants_extra("onnx"):
        import onnx

    predictor = _predictor(model)
    if predictor._model.codes is not None:
        # Runtimes round sums in other orders; at the threshold of a test a row would change leaves.
        raise ConfigError(
            "the boosters of this model test hidden codes, which another runtime rounds otherwise, "
            "so that some customers would fall into other leaves; export a model that was trained "
            "with classifier.codes: false"
        )
    graph = onnx_model(predictor._model)
    for key, value in _metadata(predictor).items():
        entry = graph.metadata_props.add()
        entry.key, entry.value = key, value
    path = Path(path)
    try:
        with atomic_write(path) as unfinished:
            onnx.save(graph, str(unfinished))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from error


def graph_inputs(model: Predictor | str | Path, frame: Any) -> dict[str, npt.NDArray[Any]]:
    """Inputs of a model's graph for the customers of a frame.

    Parameters
    ----------
    model : Predictor or path of a model folder
    frame : DataFrame or whatever `Predictor` takes
        n rows.

    Returns
    -------
    dict of input → array
        ``numbers``, float64 of shape (n, p), and ``codes``, int64 of shape (n, q); each only where
        the model has such columns.

    Raises
    ------
    DataError
        If the frame cannot be read as the schema says.

    Examples
    --------
    >>> import pandas as pd
    >>> from dbnchurn import ChurnClassifier
    >>> customers = pd.DataFrame({"debt": [5.0, 80.0] * 50, "plan": ["basic", "family"] * 50})
    >>> classifier = ChurnClassifier(use_leaves=False, use_companion=False, random_state=0)
    >>> predictor = Predictor(classifier.fit(customers, ["no", "yes"] * 50).record_, {})
    >>> graph_inputs(predictor, pd.DataFrame({"debt": [7.5], "plan": [None]}))
    {'numbers': array([[7.5]]), 'codes': array([[-1]])}
    """
    record = _predictor(model)._model
    table, _ = read(record.schema, as_frame(frame))
    prepared = prepare(record.prepare, table)
    inputs = {NUMBERS: prepared.numbers, CODES: prepared.codes.astype(np.int64)}
    return {name: array for name, array in inputs.items() if array.shape[1]}


def _predictor(model: Predictor | str | Path) -> Predictor:
    return model if isinstance(model, Predictor) else Predictor.load(model)


def _metadata(predictor: Predictor) -> dict[str, str]:
    """How to make the inputs and what to do with the output, as JSON texts."""
    record = predictor._model
    prepared = prepare(record.prepare, Table.empty(record.schema, 0))
    steps, arrays = pack(record.prepare)
    schema, _ = pack(record.schema)
    return {
        "version": predictor.version,
        "threshold": json.dumps(predictor.threshold),
        "labels": json.dumps(list(record.labels)),
        "inputs": json.dumps(
            {NUMBERS: list(prepared.number_names), CODES: list(prepared.code_names)}
        ),
        "schema": json.dumps(schema),
        "prepare": json.dumps(steps),
        "prepare arrays": json.dumps({name: array.tolist() for name, array in arrays.items()}),
    }


def onnx_model(model: ModelRecord) -> Any:
    """The graph of a model as an ``onnx.ModelProto``."""
    prepared = prepare(model.prepare, Table.empty(model.schema, 0))
    graph = OnnxGraph()
    numbers, codes = None, None
    if prepared.number_names:
        numbers = graph.input(NUMBERS, np.float64, len(prepared.number_names))
    if prepared.code_names:
        codes = graph.input(CODES, np.int64, len(prepared.code_names))
    dense = None if numbers is None else _units(graph, model.encode, numbers)
    # Of every booster, leaf numbers of shape (n, trees), and how many leaves it has.
    leaves: list[tuple[str, int]] = []
    if model.leaves is not None:
        matrix = _booster_matrix(graph, numbers, codes)
        leaves = [
            (_leaf_numbers(graph, forest, matrix), sum(forest.sizes))
            for forest in model.leaves.forests
        ]
    columns = prepared.sizes
    logits = [
        _network(graph, network, dense, codes, columns, leaves if network.sizes != columns else [])
        for network in model.networks
    ]
    if model.extra_trees is not None:
        logits.append(
            _extra_trees(graph, model.extra_trees, _booster_matrix(graph, numbers, codes))
        )
    graph.output(_probability(graph, model, logits), PROBABILITY, np.float64)
    return graph.model()


def _units(graph: OnnxGraph, record: EncodeRecord, numbers: str) -> str:
    """Gaussian and binary units in float64, shape (n, gaussian + binary); 0 where missing."""
    picked = graph.pick(numbers, record.gaussian)
    present = graph.where_nan(picked, record.center)
    z = graph("Sub", present, graph.constant(record.center))
    z = graph("Div", z, graph.constant(record.scale * record.reach))
    z = graph("Clip", z, graph.constant(-FAR), graph.constant(FAR))
    length = graph("Sqrt", graph("Add", graph("Mul", z, z), graph.constant(1.0)))
    gaussian = graph("Mul", graph("Div", z, length), graph.constant(record.reach))
    binary = graph.where_nan(graph.pick(numbers, record.binary), 0.0)
    rungs = graph.where_nan(graph.pick(numbers, record.rungs), record.low)
    rise = graph("Sub", rungs, graph.constant(record.low))
    ladders = graph("Div", rise, graph.constant(record.high - record.low))
    units = graph("Concat", binary, ladders, axis=1)
    units = graph("Clip", units, graph.constant(0.0), graph.constant(1.0))
    # Training and scoring keep the units in float32.
    both = graph.cast(graph("Concat", gaussian, units, axis=1), np.float32)
    return graph.cast(both, np.float64)


def _booster_matrix(graph: OnnxGraph, numbers: str | None, codes: str | None) -> str:
    """What the boosters read: numbers and codes in float32, NaN where missing."""
    blocks = []
    if numbers is not None:
        blocks.append(graph.cast(numbers, np.float32))
    if codes is not None:
        absent = graph("Less", codes, graph.constant(np.int64(0)))
        missing = graph.constant(np.float32(np.nan))
        blocks.append(graph("Where", absent, missing, graph.cast(codes, np.float32)))
    return graph("Concat", *blocks, axis=1)


def _network(
    graph: OnnxGraph,
    record: NetworkRecord,
    dense: str | None,
    codes: str | None,
    columns: tuple[int, ...],
    leaves: list[tuple[str, int]],
) -> str:
    """Logits of one network, shape (n, 1): the mean over its boosters.

    The last column of the first layer's inputs is the skip connection to the logit.
    """
    levels, table = sum(columns), record.table
    inputs = graph.constant(record.start[None])
    if dense is not None:
        weights = np.column_stack([record.dense, np.zeros(len(record.dense))])
        inputs = graph("Add", inputs, graph("MatMul", dense, graph.constant(weights)))
    if codes is not None:
        first = np.cumsum((0, *columns))[:-1]
        absent = graph("Less", codes, graph.constant(np.int64(0)))
        rows = graph("Add", codes, graph.constant(first.astype(np.int64)))
        rows = graph("Where", absent, graph.constant(np.int64(levels)), rows)
        # A missing code points at a row of zeros after those of all levels.
        padded = np.vstack([table[:levels], np.zeros((1, table.shape[1]), np.float32)])
        inputs = graph("Add", inputs, graph.sum_of_rows(padded, rows))
    if not leaves:
        return _upper_layers(graph, record, inputs)
    logits, start = [], levels
    for rows, size in leaves:
        added = graph.sum_of_rows(table[start : start + size], rows)
        logits.append(_upper_layers(graph, record, graph("Add", inputs, added)))
        start += size
    total = reduce(partial(graph, "Add"), logits)
    return graph("Mul", total, graph.constant(1 / len(logits)))


def _extra_trees(graph: OnnxGraph, record: ExtraTreesRecord, matrix: str) -> str:
    """Log-odds of the mean share, shape (n, 1)."""
    forest = _as_forest(record)
    attributes = _tree_attributes(graph, forest)
    weights = forest.leaf_values / np.float32(record.trees)
    attributes |= {
        "n_targets": 1,
        "leaf_targetids": [0] * len(weights),
        "leaf_weights": graph.helper.make_tensor(
            "weights", graph.type_of(np.float32), [len(weights)], weights
        ),
    }
    share = graph.cast(graph("TreeEnsemble", matrix, domain="ai.onnx.ml", **attributes), np.float64)
    share = graph("Clip", share, graph.constant(LEAST_SHARE), graph.constant(1 - LEAST_SHARE))
    odds = graph("Div", share, graph("Sub", graph.constant(1.0), share))
    return graph("Log", odds)


def _as_forest(record: ExtraTreesRecord) -> Forest:
    """The same trees in the arrays of a booster."""
    leaf, nodes = record.feature == LEAF, len(record.feature)
    return Forest(
        starts=record.starts,
        feature=record.feature,
        threshold=np.where(leaf, np.float32(0), record.threshold),
        left=np.where(leaf, np.int32(-1), record.left),
        right=np.where(leaf, np.int32(-1), record.left + np.int32(1)),
        default_left=record.default_left,
        category_starts=np.zeros(nodes + 1, np.int64),
        categories=np.empty(0, np.int32),
        value=np.where(leaf, record.threshold, np.float32(0)),
    )


def _upper_layers(graph: OnnxGraph, record: NetworkRecord, inputs: str) -> str:
    """From the inputs of the first layer, and the skip beside them, to the logit."""
    width = len(record.biases[0])
    h = graph("Slice", inputs, graph.ints(0), graph.ints(width), graph.ints(1))
    skip = graph("Slice", inputs, graph.ints(width), graph.ints(width + 1), graph.ints(1))
    h = graph.activation(h, record.activations[0])
    for (weights, bias), activation in zip(record.upper, record.activations[1:], strict=True):
        h = graph("MatMul", h, graph.constant(weights))
        h = graph.activation(graph("Add", h, graph.constant(bias)), activation)
    head = record.head.astype(np.float64)[:, None]
    return graph("Add", graph("MatMul", h, graph.constant(head)), skip)


def _probability(graph: OnnxGraph, model: ModelRecord, logits: list[str]) -> str:
    """Prior correction, blend and probability, shape (n,)."""
    record = model.decide
    shift = log_odds(record.trained_prior) - log_odds(record.prior)
    weights = record.weights.astype(np.float64)[:, None]
    corrected = graph("Sub", graph("Concat", *logits, axis=1), graph.constant(shift))
    blended = graph("MatMul", corrected, graph.constant(weights))
    probability = graph("Sigmoid", graph("Add", blended, graph.constant(record.offset)))
    if record.floor:
        above = graph("Mul", probability, graph.constant(1 - record.floor))
        probability = graph("Add", above, graph.constant(record.floor))
    return graph("Squeeze", probability, graph.ints(1))
