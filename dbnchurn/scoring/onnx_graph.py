"""A graph under construction: nodes by name, constants once each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.errors import ConfigError

OPSET, ML_OPSET, IR_VERSION = 21, 5, 10


class Graph:
    """Collects nodes; calling it adds one and gives the name of its output.

    Attributes
    ----------
    leaves : list of int
        Number of leaves of every tree ensemble added so far.
    """

    def __init__(self) -> None:
        from onnx import helper, numpy_helper

        self.helper, self.numpy_helper = helper, numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.leaves: list[int] = []

    def __call__(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node."""
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(
            self.helper.make_node(operator, inputs, [name], name, domain=domain, **attributes)
        )
        return name

    def kind(self, dtype: npt.DTypeLike) -> int:
        """The graph's name of a dtype."""
        return int(self.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def input(self, name: str, dtype: npt.DTypeLike, width: int) -> str:
        """Add an input of shape (n, width)."""
        shape: list[str | int | None] = ["n", width]
        self.inputs.append(self.helper.make_tensor_value_info(name, self.kind(dtype), shape))
        return name

    def output(self, value: str, name: str, dtype: npt.DTypeLike) -> None:
        """Make a value of shape (n,) an output."""
        self.nodes.append(self.helper.make_node("Identity", [value], [name], name))
        self.outputs.append(self.helper.make_tensor_value_info(name, self.kind(dtype), ["n"]))

    def constant(self, value: npt.ArrayLike) -> str:
        """Add a constant."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(self.numpy_helper.from_array(np.asarray(value), name))
        return name

    def ints(self, *values: int) -> str:
        """Add a list of whole numbers."""
        return self.constant(np.array(values, np.int64))

    def cast(self, value: str, dtype: npt.DTypeLike) -> str:
        """Add a change of type."""
        return self("Cast", value, to=self.kind(dtype))

    def pick(self, table: str, columns: npt.NDArray[np.int64]) -> str:
        """Add a choice of columns."""
        return self("Gather", table, self.constant(columns.astype(np.int64)), axis=1)

    def where_nan(self, values: str, otherwise: npt.ArrayLike) -> str:
        """Put another value in the place of NaN."""
        other = self.constant(np.asarray(otherwise, np.float64))
        return self("Where", self("IsNaN", values), other, values)

    def sum_of_rows(self, table: npt.NDArray[np.float32], rows: str) -> str:
        """Sum the rows of a table that each customer points at, as float64."""
        picked = self("Gather", self.constant(table.astype(np.float32)), rows, axis=0)
        return self.cast(self("ReduceSum", picked, self.ints(1), keepdims=0), np.float64)

    def activation(self, field: str, name: str) -> str:
        """Add a layer's activation."""
        operators = {"sigmoid": "Sigmoid", "relu": "Relu"}
        if name not in operators:
            raise ConfigError(f"a layer with the activation {name!r} has no ONNX form yet")
        return self(operators[name], field)

    def model(self) -> Any:
        """The finished graph."""
        graph = self.helper.make_graph(
            self.nodes, "dbnchurn", self.inputs, self.outputs, self.constants
        )
        opsets = [
            self.helper.make_opsetid("", OPSET),
            self.helper.make_opsetid("ai.onnx.ml", ML_OPSET),
        ]
        return self.helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="dbnchurn"
        )
