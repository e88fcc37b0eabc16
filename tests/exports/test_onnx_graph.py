"""Nodes of a graph under construction give what their names say."""

import numpy as np
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.exports.onnx_graph import OnnxGraph

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
ort = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


def test_nodes_are_the_functions_of_numpy():
    graph = OnnxGraph()
    numbers = graph.input("numbers", np.float64, 3)
    filled = graph.where_nan(graph.pick(numbers, np.array([2, 0])), -1.0)
    rows = graph.cast(graph.activation(filled, "relu"), np.int64)
    table = np.arange(8, dtype=np.float32).reshape(4, 2)
    summed = graph("Mul", graph.sum_of_rows(table, rows), graph.constant(np.float64(0.5)))
    graph.output(graph("ReduceSum", summed, graph.ints(1), keepdims=0), "total", np.float64)
    model = graph.model()
    onnx.checker.check_model(model)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    given = np.array([[1.0, 9.0, np.nan], [3.0, 9.0, 2.0]])
    (total,) = session.run(["total"], {"numbers": given})
    chosen = np.maximum(np.nan_to_num(given[:, [2, 0]], nan=-1.0), 0).astype(int)
    np.testing.assert_array_equal(total, table[chosen].sum(axis=(1, 2)) / 2)


def test_an_activation_without_an_operator_is_refused():
    with pytest.raises(ConfigError, match="'cube' has no ONNX form yet"):
        OnnxGraph().activation("x", "cube")
